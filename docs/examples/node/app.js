// An API that accepts authd's access tokens. Needs `jose`.
//
//   AUTHD_URL=https://auth.example.com node app.js
import { createServer } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const issuer = process.env.AUTHD_URL ?? 'http://localhost:3000'
// jose downloads the keys once, and again for an unknown key id, because keys can be rotated at any time.
const jwks = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))

/** Returns the user of a token; throws if the token is invalid. Does not notice that a session was revoked. */
async function userOf(authorization = '') {
  const { payload } = await jwtVerify(authorization.replace(/^Bearer /i, ''), jwks, {
    issuer,
    audience: issuer,
    algorithms: ['ES256'],
    typ: 'at+jwt',
    clockTolerance: 5,
    requiredClaims: ['sub', 'sid'],
  })
  return payload.sub
}

const server = createServer(async (request, response) => {
  try {
    const user = await userOf(request.headers.authorization)
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ hello: user }))
  } catch {
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end()
  }
})
server.listen(Number(process.env.PORT ?? 4000), '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
