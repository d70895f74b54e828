import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { deliverNextMail, enqueueMail } from '../../src/flows/outbox/mail-sending.ts'
import { listQueue, showQueued } from '../../src/flows/outbox/queue-admin.ts'
import { smtpMailer } from '../../src/mail/smtp-mailer.ts'
import { HOUR, MINUTE } from '../../src/platform/clock.ts'
import { builtInTexts } from '../../src/platform/texts/texts.ts'
import { startAuthd } from '../support/harness.ts'

type Mood = 'silent' | 'drops' | 'refuses' | 'takes'

/** A minimal mail server that behaves as its mood says. */
async function moodyRelay() {
  const relay = { mood: 'takes' as Mood, port: 0, taken: [] as string[] }
  const speak = (socket: Socket) => {
    socket.on('error', () => {})
    if (relay.mood === 'silent') return
    socket.write('220 relay\r\n')
    let mail: string[] | undefined
    createInterface({ input: socket }).on('line', (line) => {
      if (mail === undefined) {
        if (line === 'DATA') mail = []
        socket.write(line === 'DATA' ? '354 go on\r\n' : '250 ok\r\n')
      } else if (line !== '.') {
        mail.push(line)
      } else if (relay.mood === 'drops') {
        socket.destroy()
      } else {
        if (relay.mood === 'takes') relay.taken.push(mail.join('\n'))
        mail = undefined
        socket.write(relay.mood === 'takes' ? '250 taken\r\n' : '451 4.7.1 greylisted\r\n')
      }
    })
  }
  const server = createServer(speak).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  relay.port = typeof address === 'object' ? (address?.port ?? 0) : 0
  return relay
}

function mailerOf(port: number, timeout: number) {
  const smtp = { host: '127.0.0.1', port, tls: 'none', timeout, maxConnections: 2 } as const
  const texts = { current: () => builtInTexts() }
  const mailer = smtpMailer({ smtp, from: 'no-reply@example.com', app: () => ({ name: 'Example' }), texts })
  onTestFinished(() => mailer.close())
  return mailer
}

test('SECURITY: a relay that is silent, disconnects and defers gets each mail exactly once', async () => {
  const authd = await startAuthd()
  const relay = await moodyRelay()
  const [patient, impatient] = [mailerOf(relay.port, MINUTE), mailerOf(relay.port, 200)]
  const values = { link: 'http://localhost/account', occurred_at: '2026-11-25T12:00:00.000Z', name: 'Phone' }
  const mail = { to: 'ada@example.com', template: 'passkey_added', lang: 'en', values } as const
  const expiresAt = authd.clock.now() + HOUR
  const id = await authd.deps.db.write((trx) => enqueueMail(authd.deps, trx, { ...mail, expiresAt }))

  for (const mood of ['silent', 'drops', 'refuses', 'takes', 'takes'] as const) {
    relay.mood = mood
    authd.mailer.send = mood === 'silent' ? impatient.send : patient.send
    await deliverNextMail(authd.deps)
    authd.clock.advance(2 * MINUTE)
  }

  const { tries } = await showQueued(authd.deps, 'mail', id)
  expect(tries.map(({ outcome }) => outcome)).toEqual(['postponed', 'postponed', 'postponed', 'accepted'])
  expect(tries[2]?.response).toContain('451 4.7.1 greylisted')
  expect(relay.taken.length).toBe(1)
  expect(relay.taken[0]).toContain(`Message-ID: <${id}@example.com>`)
  const { rows } = await listQueue(authd.deps, { kind: 'mail' }, { limit: 10, within: 10 })
  expect(rows).toMatchObject([{ state: 'sent', tries: 4 }])
})
