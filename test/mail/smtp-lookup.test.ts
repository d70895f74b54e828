import { Resolver } from 'node:dns'
import { createServer } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectToServer } from '../../src/mail/smtp-socket.ts'
import { walkSmtp } from '../../src/mail/smtp-test.ts'
import { sharedLookup } from '../../src/platform/net/shared-lookup.ts'
import { mailerFor, SIGNIN, settingsFor } from '../support/mail-samples.ts'
import { CERTIFICATE, startSmtp } from '../support/smtp.ts'

/** A machine whose DNS never answers, but whose /etc/hosts knows localhost. */
function loseDns() {
  const silent = ['resolve4', 'resolve6'] as const
  const spies = silent.map((name) => vi.spyOn(Resolver.prototype, name).mockImplementation(() => {}))
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
}

test.for(['starttls', 'implicit', 'none'] as const)(
  'a mail server in /etc/hosts is reached while DNS does not answer, with TLS %s',
  async (tls) => {
    loseDns()
    const server = await startSmtp(tls === 'none' ? {} : { tls })
    const more = { tls, timeout: 60_000, ...(tls !== 'none' && { caFile: CERTIFICATE }) }

    await mailerFor(server, { host: 'localhost', ...more }).send(SIGNIN)
    const walk = await walkSmtp({
      smtp: { ...settingsFor(server, more), host: 'localhost' },
      from: 'a@example.org',
      now: 0,
    })

    expect(server.mails).toHaveLength(1)
    expect(walk.steps.map(({ isOk }) => isOk)).not.toContain(false)
  },
)

test('a name whose lookup hangs ends at the timeout of the mail server', async () => {
  const smtp = { host: 'mail.example.com', port: 25, tls: 'none', timeout: 50, maxConnections: 1 } as const

  const connecting = connectToServer(smtp, () => {})

  await expect(connecting).rejects.toThrow('mail.example.com:25 did not answer within 50 ms')
})

test('all who ask for a name meanwhile wait for one lookup, and each gets the answer', async () => {
  const asked: string[] = []
  let answer = () => {}
  const lookup = sharedLookup((name, _, callback) => {
    asked.push(name)
    answer = () => callback(null, '192.0.2.1', 4)
  })
  const once = () => new Promise((resolve) => lookup('mail.example.com', {}, (_, address) => resolve(address)))

  const first = [once(), once(), once()]
  answer()
  const answers = await Promise.all(first)
  const later = once()
  answer()

  expect([...answers, await later]).toEqual(Array.from({ length: 4 }, () => '192.0.2.1'))
  expect(asked).toHaveLength(2)
})

test('a server with several addresses is reached at the one that answers', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const smtp = { host: 'mail.example.com', port, tls: 'none', timeout: 60_000, maxConnections: 1 } as const
  const addresses = ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 }))

  const socket = await connectToServer(smtp, (_, __, callback) => callback(null, addresses))

  expect(socket.remoteAddress).toBe('127.0.0.1')
  socket.destroy()
})
