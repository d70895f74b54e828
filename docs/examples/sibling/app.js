// An app on a sibling host: authd is on auth.example.com with session.cookie_domain = "example.com", this app is on
// shop.example.com. The browser sends authd's second cookie here, and the app asks authd who is signed in.
//
//   AUTHD_URL=https://auth.example.com APP_URL=https://shop.example.com PORT=8080 node app.js
import { createServer } from 'node:http'

const { AUTHD_URL, APP_URL, PORT = '8080' } = process.env
/** The cookie for sibling hosts, and on localhost, where all ports share cookies, authd's own. */
const NAME = new URL(AUTHD_URL).hostname === 'localhost' ? 'authd' : '__Secure-authd-check'

/** Returns the signed-in user, or undefined. Sends only authd's cookie to authd, not those of the app. */
async function whoIs(request) {
  const cookies = (request.headers.cookie ?? '').split('; ')
  const check = cookies.find((cookie) => cookie.startsWith(`${NAME}=`))
  if (check === undefined) return undefined
  const signal = AbortSignal.timeout(5000)
  const reply = await fetch(`${AUTHD_URL}/v1/session`, { headers: { Cookie: check }, signal })
  if (reply.ok) return (await reply.json()).user
  // 401: nobody is signed in. 403: the user has something to do on authd's page first.
  if (reply.status === 401 || reply.status === 403) return undefined
  throw new Error(`authd answers ${reply.status}`)
}

/** The page that the user wants. Only a plain path leads back to it: authd rejects encoded slashes and empty segments. */
function pageOf(request) {
  const page = URL.parse(APP_URL + request.url)
  const isPlain = page?.origin === APP_URL && /^(\/[\w~:@,+=-][\w.~:@,+=-]*)*\/?$/.test(page.pathname)
  return isPlain && page.href.length <= 2000 ? page.href : `${APP_URL}/`
}

const server = createServer(async (request, response) => {
  const user = await whoIs(request).catch(() => 'unknown')
  if (user === 'unknown') return response.writeHead(503, { 'Retry-After': '10' }).end()
  if (user) return response.end(JSON.stringify({ hello: user.email }))
  // After sign-in, authd sends the user back to this page, if signin.redirect_urls has "https://shop.example.com/*".
  const back = encodeURIComponent(pageOf(request))
  response.writeHead(303, { Location: `${AUTHD_URL}/signin?redirect_to=${back}` }).end()
})
server.listen(Number(PORT), () => console.log(`listening on ${server.address().port}`))
