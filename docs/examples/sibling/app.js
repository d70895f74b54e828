// An app beside authd: authd on auth.example.com with session.cookie_domain = "example.com", this app on
// shop.example.com. The browser brings authd's second cookie here, and the app asks authd whose it is.
//
//   AUTHD_URL=https://auth.example.com PORT=8080 node app.js
import { createServer } from 'node:http'

const { AUTHD_URL, PORT = '8080' } = process.env

/** Who is signed in, as of now; undefined: nobody. Only authd's cookie is passed on, not the app's own. */
async function whoIs(request) {
  const cookies = (request.headers.cookie ?? '').split('; ')
  const check = cookies.find((cookie) => cookie.startsWith('__Secure-authd-check='))
  if (check === undefined) return undefined
  const answer = await fetch(`${AUTHD_URL}/v1/session`, { headers: { Cookie: check } })
  return answer.ok ? (await answer.json()).user : undefined
}

const server = createServer(async (request, response) => {
  const user = await whoIs(request)
  if (user) {
    response.end(JSON.stringify({ hello: user.email }))
    return
  }
  // After signing in, people come back to the address given, if signin.redirect_urls lists it.
  const back = encodeURIComponent('https://shop.example.com/')
  response.writeHead(303, { Location: `${AUTHD_URL}/signin?redirect_to=${back}` }).end()
})

server.listen(Number(PORT), () => console.log(`listening on ${server.address().port}`))
