// Receives authd's events. Needs only Node.
//
//   WEBHOOK_SECRET=whsec_… node app.js
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const key = Buffer.from((process.env.WEBHOOK_SECRET ?? '').replace(/^whsec_/, ''), 'base64')
if (key.length < 24) throw new Error('Set WEBHOOK_SECRET to the secret that authd webhooks add has shown.')
/** A delivery may arrive twice, with the same id. A real app stores the ids with its data. */
const seen = new Set()

/** Returns the event if authd sent it within the last five minutes, else undefined. */
function verified(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) return undefined
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest()
  // While the secret is replaced, there are two signatures.
  const isSigned = signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64')
    return given.length === right.length && timingSafeEqual(given, right)
  })
  return isSigned ? JSON.parse(body) : undefined
}

const server = createServer(async (request, response) => {
  const parts = []
  for await (const part of request) parts.push(part)
  const event = verified(request.headers, Buffer.concat(parts).toString())
  // Answer at once and work afterwards: authd waits 15 seconds, and sends one delivery at a time.
  response.writeHead(event ? 204 : 401).end()
  const id = request.headers['webhook-id']
  if (!event || seen.has(id)) return
  seen.add(id)
  console.log(`${event.type} ${event.data.user_id}`)
})
server.listen(Number(process.env.PORT ?? 4001), '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
