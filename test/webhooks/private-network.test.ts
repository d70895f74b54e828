import type { LookupFunction } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listQueue } from '../../src/flows/outbox/queue-admin.ts'
import { addWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { type WebhookClient, webhookClient } from '../../src/platform/net/webhook-client.ts'
import { refuseWebhookUrl } from '../../src/platform/net/webhook-url.ts'
import { startAuthd } from '../support/harness.ts'
import { webhookReceiver } from '../support/webhook-receiver.ts'

const UNREACHABLE = 'no connection to a public address'

/** All known spellings of this machine, private networks and cloud metadata addresses. */
const PRIVATE = [
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '0',
    '0.0.0.0',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '0177.0.0.1',
  ],
  ...['127.127.127.127', '127.0.0.1.', '１２７.0.0.1', '127。0。0。1', '10.0.0.1', '10.255.255.255', '172.16.0.1'],
  ...['172.31.255.255', '192.168.0.1', '192.168.255.255', '169.254.169.254', '169.254.170.2', '0xa9fea9fe'],
  ...['2852039166', '100.64.0.1', '100.100.100.200', '192.0.0.192', '198.18.0.1', '198.51.100.1', '203.0.113.1'],
  ...['224.0.0.1', '240.0.0.1', '255.255.255.255', '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]'],
  ...[
    '[::ffff:7f00:1]',
    '[::ffff:0:127.0.0.1]',
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::a00:1]',
  ],
  ...['[2002:7f00:1::]', '[2001:0:7f00:1::]', '[fe80::1]', '[fec0::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]'],
  ...['[2001:db8::1]', '[100::1]', 'localhost', 'LOCALHOST', 'localhost.', 'app.localhost', 'printer.local'],
  ...['metadata.google.internal'],
]

function names(answers: Record<string, string[]>): LookupFunction {
  return (hostname, _, callback) => {
    const found = (answers[hostname] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (found.length === 0) return callback(new Error(`ENOTFOUND ${hostname}`), [])
    callback(null, found)
  }
}

function client(options: Parameters<typeof webhookClient>[0] = {}): WebhookClient {
  const made = webhookClient(options)
  onTestFinished(() => made.close())
  return made
}

async function reasonOf(made: WebhookClient, url: string): Promise<string> {
  try {
    const { status } = await made.post({ url, headers: {}, body: '{}', allowsPrivate: false })
    return `answered ${status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('SECURITY: private networks', () => {
  test.each(PRIVATE)('%s is rejected as an endpoint, over both schemes', (host) => {
    const refusals = ['https', 'http'].map((scheme) =>
      refuseWebhookUrl(`${scheme}://${host}/events`, { allowsPrivate: false }),
    )

    expect(refusals.every((refusal) => refusal !== undefined)).toBe(true)
  })

  test('an endpoint already in the database is never connected to, and each fails with the same error', async () => {
    const canary = await webhookReceiver()
    const port = new URL(canary.url).port
    const made = client({ lookup: names({ localhost: ['127.0.0.1'] }) })

    const reasons = await Promise.all(
      PRIVATE.flatMap((host) =>
        ['http', 'https'].map((scheme) => reasonOf(made, `${scheme}://${host}:${port}/events`)),
      ),
    )

    expect(new Set(reasons)).toEqual(new Set([UNREACHABLE]))
    expect(canary.connections).toBe(0)
  })

  test.each([
    ['to this machine', ['127.0.0.1']],
    ['to a public address and to this machine', ['1.1.1.1', '127.0.0.1']],
    ['to this machine and to a public address', ['127.0.0.1', '1.1.1.1']],
    ['to the cloud', ['169.254.169.254']],
    ['to this machine in IPv6', ['::1']],
    ['nowhere', []],
  ])('a name that resolves %s is not connected to', async (_, addresses) => {
    const canary = await webhookReceiver()
    const made = client({ lookup: names({ 'rebound.example.com': addresses }) })

    const reason = await reasonOf(made, `https://rebound.example.com:${new URL(canary.url).port}/events`)

    expect(reason).toBe(UNREACHABLE)
    expect(canary.connections).toBe(0)
  })

  test('a name is resolved and checked again for each connection', async () => {
    const canary = await webhookReceiver()
    let leadsTo = '1.1.1.1'
    const lookup: LookupFunction = (hostname, options, callback) =>
      names({ 'rebound.example.com': [leadsTo] })(hostname, options, callback)
    const authd = await startAuthd({ webhooks: client({ lookup, timeoutMs: 500 }) })
    const url = `https://rebound.example.com:${new URL(canary.url).port}/events`
    await addWebhook(authd.deps, SYSTEM, { url, description: '', events: ['user.*'], allowsPrivate: false })
    leadsTo = '127.0.0.1'
    await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, SYSTEM, { type: 'user.registered' }))

    await authd.sendWebhooks()

    expect(canary.connections).toBe(0)
    const { rows } = await listQueue(authd.deps, { kind: 'webhook' }, { limit: 10, within: 100 })
    expect(rows).toMatchObject([{ state: 'pending', lastError: UNREACHABLE }])
  })
})

test('an endpoint that an operator allows to be private gets deliveries, but never with a user name in its URL', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await addWebhook(authd.deps, SYSTEM, { url: receiver.url, description: '', events: ['user.*'], allowsPrivate: true })
  await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, SYSTEM, { type: 'user.registered' }))

  await authd.sendWebhooks()
  const withPassword = receiver.url.replace('//', '//user:password@')
  const post = client().post({ url: withPassword, headers: {}, body: '{}', allowsPrivate: true })

  await expect(post).rejects.toThrow(UNREACHABLE)
  expect(receiver.received.length).toBe(1)
})

test('a receiver that hangs times out, and an endless response is cut off', async () => {
  const receiver = await webhookReceiver()
  const made = client({ timeoutMs: 300 })
  receiver.answer = () => {}
  const post = { url: receiver.url, headers: {}, body: '{}', allowsPrivate: true }

  const hung = await made.post(post).catch((error: Error) => error.message)
  receiver.answer = (response) => {
    response.writeHead(200)
    response.write('x'.repeat(1_000_000))
  }
  const talked = await made.post(post)

  expect(hung).toBe('no answer in time')
  expect([talked.status, talked.text.length]).toEqual([200, 1024])
})
