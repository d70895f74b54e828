// An API that checks authd's access tokens itself. Needs `jose`.
//
//   AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com node app.js
import { createServer } from 'node:http'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const issuer = process.env.AUTHD_URL ?? 'http://localhost:3000'
const audience = process.env.AUDIENCE ?? issuer

// jose downloads the keys at the first token, and again for an unknown key. A reload every 5 minutes notices removed keys.
// If authd does not answer, the keys stay: an hour is longer than any access token is valid.
const jwks = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { cacheMaxAge: 3_600_000 })
setInterval(() => jwks.reload().catch(() => console.error('authd does not answer')), 300_000).unref()

/** Returns the user of a token; throws if the token is invalid. Does not notice that a session was revoked. */
async function userOf(token) {
  const { payload } = await jwtVerify(token, jwks, {
    issuer,
    audience,
    algorithms: ['ES256'],
    typ: 'at+jwt',
    clockTolerance: 5,
    requiredClaims: ['sub', 'sid'],
  })
  return payload.sub
}

/** Without keys, no token can be judged. That is not the caller's fault. */
function isOutage(error) {
  const isRefusal = error instanceof errors.JOSEError
  return !isRefusal || ['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT'].includes(error.code)
}

const server = createServer(async (request, response) => {
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!token) return response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end()
  try {
    const user = await userOf(token)
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ hello: user }))
  } catch (error) {
    if (isOutage(error)) return response.writeHead(503, { 'Retry-After': '10' }).end()
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end()
  }
})
server.listen(Number(process.env.PORT ?? 4000), '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
