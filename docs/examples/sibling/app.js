// An app on a sibling host: authd is on auth.example.com with session.cookie_domain = "example.com", this app is on
// shop.example.com. The browser sends authd's second cookie here, and the app asks authd who is signed in.
//
//   AUTHD_URL=https://auth.example.com APP_URL=https://shop.example.com PORT=8080 node app.js
import { createServer } from 'node:http'

const { AUTHD_URL, APP_URL, PORT = '8080' } = process.env

/** Returns the signed-in user, or undefined. Sends only authd's cookie to authd, not those of the app. */
async function whoIs(request) {
  const cookies = (request.headers.cookie ?? '').split('; ')
  const check = cookies.find((cookie) => cookie.startsWith('__Secure-authd-check='))
  if (check === undefined) return undefined
  const reply = await fetch(`${AUTHD_URL}/v1/session`, { headers: { Cookie: check } })
  return reply.ok ? (await reply.json()).user : undefined
}

const server = createServer(async (request, response) => {
  const user = await whoIs(request)
  if (user) {
    response.end(JSON.stringify({ hello: user.email }))
    return
  }
  // After sign-in, authd sends the user back to this page, if signin.redirect_urls has "https://shop.example.com/*".
  const back = encodeURIComponent(APP_URL + request.url)
  response.writeHead(303, { Location: `${AUTHD_URL}/signin?redirect_to=${back}` }).end()
})

server.listen(Number(PORT), () => console.log(`listening on ${server.address().port}`))
