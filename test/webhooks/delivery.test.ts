import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { listQueue, retryQueued } from '../../src/flows/outbox/queue-admin.ts'
import { deliverNextWebhook, queueWebhooks } from '../../src/flows/outbox/webhook-delivery.ts'
import {
  addWebhook,
  findWebhook,
  pauseWebhook,
  removeWebhook,
  resumeWebhook,
  rotateWebhookSecret,
} from '../../src/flows/outbox/webhook-endpoint.ts'
import { type EventType, recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { until } from '../support/until.ts'
import { answering, type Received, type Receiver, typesOf, webhookReceiver } from '../support/webhook-receiver.ts'

async function subscribe(authd: Authd, { url }: Pick<Receiver, 'url'>, events = ['*']) {
  const input = { url, description: 'shop', events, allowsPrivate: true }
  const { endpoint, secret } = await addWebhook(authd.deps, SYSTEM, input)
  return { id: endpoint.id, secret }
}

async function happen(authd: Authd, ...types: EventType[]): Promise<void> {
  for (const type of types) {
    const event = {
      type,
      user: { id: 'usr_1', email: 'ada@example.com' },
      metadata: { method: 'passkey', name: 'a secret' },
    }
    const actor = { ...SYSTEM, metadata: { reason: 'ada@example.com asked', trace_id: '4bf92f3577b34da6' } }
    await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, actor, event))
  }
}

async function deliveries(authd: Authd) {
  const { rows } = await listQueue(authd.deps, { kind: 'webhook' }, { limit: 100, within: 10_000 })
  return rows
    .toReversed()
    .map(({ id, template, state, tries, lastError }) => ({ id, template, state, tries, lastError }))
}

async function countOf(authd: Authd, state: 'pending' | 'sent'): Promise<number> {
  const { total } = await listQueue(authd.deps, { kind: 'webhook', state }, { limit: 1, within: 10_000 })
  return total.count
}

/** Whether the reference library makes one of its signatures with this secret. */
function isSignedWith(secret: string, { headers, body }: Received): boolean {
  const sentAt = new Date(Number(headers['webhook-timestamp']) * SECOND)
  const signature = new Webhook(secret).sign(String(headers['webhook-id']), sentAt, body)
  return String(headers['webhook-signature']).split(' ').includes(signature)
}

describe.each(['sqlite', 'postgres'] as const)('on %s', (database) => {
  test('SECURITY: events are delivered once, in order, also by another process after a crash', async () => {
    const authd = await startAuthd({ database })
    const receiver = await webhookReceiver()
    await subscribe(authd, receiver, ['user.*', 'session.created'])

    await happen(authd, 'user.registered', 'totp.enrolled', 'session.created', 'user.authenticated', 'session.revoked')
    const afterCrash = await authd.another()
    await afterCrash.sendWebhooks()
    await authd.sendWebhooks()

    expect(typesOf(receiver)).toEqual(['user.registered', 'session.created', 'user.authenticated'])
    expect((await deliveries(authd)).map(({ state }) => state)).toEqual(['sent', 'sent', 'sent'])
  })

  test("a receiver's answer with U+0000, or cut within a character, is kept as plain text", async () => {
    const authd = await startAuthd({ database })
    const receiver = await webhookReceiver()
    receiver.answer = (response) => {
      response.statusCode = 500
      response.end(`no\0 \u202eway${'\u{1f600}'.repeat(100)}`)
    }
    await subscribe(authd, receiver)

    await happen(authd, 'user.registered')
    await authd.sendWebhooks()

    const [delivery] = await deliveries(authd)
    expect(delivery?.lastError).toMatch(/^500 no {2,}way(\u{1f600})+$/u)
  })

  test('two processes that deliver at once deliver each event once, in order', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    const receiver = await webhookReceiver()
    await subscribe(authd, receiver, ['user.*'])
    await happen(authd, ...Array.from({ length: 30 }, () => 'user.updated' as const))

    await Promise.all([authd.sendWebhooks(), other.sendWebhooks()])
    await authd.sendWebhooks()

    const ids = receiver.received.map(({ headers }) => String(headers['webhook-id']))
    expect([ids.length, new Set(ids).size]).toEqual([30, 30])
    expect(ids).toEqual(ids.toSorted())
  })
})

test('SECURITY: signatures are those of the reference library, with both secrets during rotation and the new one after', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  const { id, secret: old } = await subscribe(authd, receiver, ['user.registered'])
  await happen(authd, 'user.registered')
  await authd.sendWebhooks()
  const { secret } = await rotateWebhookSecret(authd.deps, SYSTEM, { id, overlapMs: DAY })
  await happen(authd, 'user.registered')
  await authd.sendWebhooks()
  authd.clock.advance(DAY)
  await happen(authd, 'user.registered')

  await authd.sendWebhooks()

  const [before, between, after] = receiver.received
  if (!before || !between || !after) throw new Error('three were due')
  const signers = [before, between, after].map((delivery) => [old, secret].map((key) => isSignedWith(key, delivery)))
  expect(signers).toEqual([
    [true, false],
    [true, true],
    [false, true],
  ])
})

test('SECURITY: attempts share their id and body but not their timestamp, and the body names no user data', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await subscribe(authd, receiver, ['user.authenticated'])
  await happen(authd, 'user.authenticated')
  receiver.answer = answering(500)
  await authd.sendWebhooks()
  receiver.answer = answering(200)
  authd.clock.advance(10 * SECOND)

  await authd.sendWebhooks()

  const [first, second] = receiver.received
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  expect(first?.headers['webhook-id']).toMatch(/^whd_[0-9a-z]{26}$/)
  expect(second?.body).toBe(first?.body)
  expect(Number(second?.headers['webhook-timestamp']) - Number(first?.headers['webhook-timestamp'])).toBe(10)
  expect(JSON.parse(first?.body ?? '')).toEqual({
    type: 'user.authenticated',
    timestamp: '2026-11-25T12:00:00.000Z',
    version: 1,
    data: {
      event_id: expect.stringMatching(/^evt_/),
      outcome: 'success',
      user_id: 'usr_1',
      session_id: null,
      request_id: null,
      method: 'passkey',
      trace_id: '4bf92f3577b34da6',
    },
  })
})

describe('SECURITY: retries', () => {
  test('a failed delivery is attempted ten times over three days and then kept as failed', async () => {
    const authd = await startAuthd()
    const receiver = await webhookReceiver()
    await subscribe(authd, receiver, ['user.registered'])
    await happen(authd, 'user.registered')
    receiver.answer = answering(500)

    const triedAt: number[] = []
    for (const startedAt = authd.clock.now(); triedAt.length < 10; authd.clock.advance(MINUTE)) {
      const before = receiver.received.length
      // An endpoint that fails for three days is paused, but this test is about the delivery.
      await authd.deps.db.write((trx) => trx.run('UPDATE webhook_endpoints SET failing_since = NULL'))
      await authd.sendWebhooks()
      if (receiver.received.length > before) triedAt.push(authd.clock.now() - startedAt)
      if (authd.clock.now() - startedAt > 5 * DAY) break
    }

    const waits = triedAt.slice(1).map((at, index) => at - (triedAt[index] ?? 0))
    const least = [0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
    expect(
      waits.map((wait, index) => wait >= (least[index] ?? 0) && wait <= (least[index] ?? 0) * 1.25 + 6 * MINUTE),
    ).toEqual(Array.from({ length: 9 }, () => true))
    expect(await deliveries(authd)).toMatchObject([{ state: 'failed', tries: 10, lastError: '500 what it says' }])
  })

  test.each([
    ['in seconds', '3600'],
    ['as a date', 'Wed, 25 Nov 2026 13:00:00 GMT'],
  ])('Retry-After %s delays the endpoint, not only the delivery', async (_, header) => {
    const authd = await startAuthd()
    const receiver = await webhookReceiver()
    await subscribe(authd, receiver, ['user.*'])
    await happen(authd, 'user.registered', 'user.updated')
    receiver.answer = answering(429, { 'retry-after': header })
    await authd.sendWebhooks()
    receiver.answer = answering(200)
    authd.clock.advance(HOUR - 1)
    await authd.sendWebhooks()
    const early = receiver.received.length
    authd.clock.advance(1)

    await authd.sendWebhooks()

    expect(early).toBe(1)
    expect(typesOf(receiver)).toEqual(['user.registered', 'user.updated', 'user.registered'])
  })

  test('Retry-After counts for a day at most', async () => {
    const authd = await startAuthd()
    const receiver = await webhookReceiver()
    await subscribe(authd, receiver, ['user.*'])
    await happen(authd, 'user.registered')
    receiver.answer = answering(429, { 'retry-after': String(1_000_000) })
    await authd.sendWebhooks()
    receiver.answer = answering(200)

    authd.clock.advance(DAY - 1)
    await authd.sendWebhooks()
    const early = receiver.received.length
    authd.clock.advance(1)
    await authd.sendWebhooks()

    expect([early, receiver.received.length]).toEqual([1, 2])
  })

  test('410 pauses the endpoint, is audited and mailed to the operator; later events wait', async () => {
    const authd = await startAuthd({
      config: { mail: { from: 'Example <no-reply@example.com>', operator: 'admin@example.com' } },
    })
    const receiver = await webhookReceiver()
    const { id } = await subscribe(authd, receiver, ['user.*'])
    await happen(authd, 'user.registered')
    receiver.answer = answering(410)
    await authd.sendWebhooks()
    receiver.answer = answering(200)
    await happen(authd, 'user.updated')
    await authd.sendWebhooks()
    const [mail, ...more] = await authd.takeMail()
    const paused = await findWebhook(authd.deps, id)
    const whilePaused = typesOf(receiver)

    await resumeWebhook(authd.deps, SYSTEM, id)
    authd.clock.advance(MINUTE)
    await authd.sendWebhooks()

    expect(paused).toMatchObject({ pauseReason: 'gone' })
    expect(mail).toMatchObject({
      to: 'admin@example.com',
      template: 'webhook_paused',
      values: { endpoint: receiver.url },
    })
    expect(more).toEqual([])
    expect((await authd.auditLog()).filter(({ eventType }) => eventType === 'webhook.paused')).toMatchObject([
      { actor: 'system', metadata: { reason: 'gone', endpoint_id: id } },
    ])
    expect(whilePaused).toEqual(['user.registered'])
    expect(typesOf(receiver)).toEqual(['user.registered', 'user.registered', 'user.updated'])
  })

  test('an endpoint that accepts nothing for three days is paused', async () => {
    const authd = await startAuthd()
    const receiver = await webhookReceiver()
    const { id } = await subscribe(authd, receiver, ['user.*'])
    receiver.answer = answering(503)

    for (let hours = 0; hours <= 75; hours += 1) {
      await happen(authd, 'user.updated')
      await authd.sendWebhooks()
      authd.clock.advance(HOUR)
    }

    expect(await findWebhook(authd.deps, id)).toMatchObject({ pauseReason: 'failing' })
  })

  test('a redirect is a failure and is not followed', async () => {
    const authd = await startAuthd()
    const receiver = await webhookReceiver()
    const canary = await webhookReceiver()
    await subscribe(authd, receiver, ['user.*'])
    await happen(authd, 'user.registered')
    receiver.answer = answering(307, { location: canary.url })

    await authd.sendWebhooks()

    expect(canary.received).toEqual([])
    expect(await deliveries(authd)).toMatchObject([{ state: 'pending', tries: 1, lastError: '307 what it says' }])
  })

  test('an endpoint that is down gets no more deliveries after three failures, and all of them once it is back', async () => {
    const authd = await startAuthd()
    const receiver = await webhookReceiver()
    await subscribe(authd, receiver, ['user.*'])
    await happen(authd, ...Array.from({ length: 20 }, () => 'user.updated' as const))
    receiver.answer = answering(502)
    await authd.sendWebhooks()
    const atFirst = receiver.received.length
    authd.clock.advance(MINUTE)
    await authd.sendWebhooks()
    const afterAMinute = receiver.received.length
    receiver.answer = answering(204)
    authd.clock.advance(MINUTE)

    await authd.sendWebhooks()

    expect([atFirst, afterAMinute]).toEqual([3, 4])
    expect((await deliveries(authd)).every(({ state }) => state === 'sent')).toBe(true)
  })
})

test('deliveries delayed by a failure are sent immediately when the endpoint answers again', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await subscribe(authd, receiver, ['user.*'])
  await happen(authd, 'user.updated', 'user.disabled')
  receiver.answer = answering(502)
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await authd.sendWebhooks()
    authd.clock.advance(20 * SECOND)
  }
  receiver.answer = answering(204)
  receiver.received.length = 0
  await happen(authd, 'user.registered')

  await authd.sendWebhooks()

  expect(typesOf(receiver)).toEqual(['user.registered', 'user.updated', 'user.disabled'])
})

test('a delivery whose worker died is taken over under the same id when its lease expires', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await subscribe(authd, receiver, ['user.registered'])
  await happen(authd, 'user.registered')
  const dying = await authd.another()
  let hang = () => {}
  receiver.answer = (response) => {
    hang = () => response.destroy()
  }
  const cutOff = dying.sendWebhooks()
  await until(() => expect(receiver.received.length).toBe(1))
  receiver.answer = answering(204)
  authd.clock.advance(MINUTE - 1)
  const early = await deliverNextWebhook(authd.deps)
  authd.clock.advance(1)

  await authd.sendWebhooks()
  hang()
  await cutOff

  const [first, second] = receiver.received.map(({ headers }) => headers['webhook-id'])
  expect(early).toBe(false)
  expect(second).toBe(first)
  expect(await deliveries(authd)).toMatchObject([{ state: 'sent', tries: 2 }])
})

test('a paused endpoint gets nothing; events older than four days are dropped when it is resumed', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  const { id } = await subscribe(authd, receiver, ['user.*'])
  await pauseWebhook(authd.deps, SYSTEM, id)
  await happen(authd, 'user.registered')
  await authd.sendWebhooks()
  authd.clock.advance(2 * DAY)
  await happen(authd, 'user.updated')
  authd.clock.advance(2 * DAY)

  await resumeWebhook(authd.deps, SYSTEM, id)
  await authd.sendWebhooks()

  expect(typesOf(receiver)).toEqual(['user.updated'])
})

test('only a few of the events that wait for an endpoint are queued at a time, and none is lost', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await subscribe(authd, receiver, ['user.*'])
  receiver.answer = answering(500)
  await authd.deps.db.write(async (trx) => {
    for (let count = 0; count < 1500; count += 1) await recordEvent(authd.deps, trx, SYSTEM, { type: 'user.updated' })
  })
  await authd.sendWebhooks()
  const queued = await countOf(authd, 'pending')
  receiver.answer = answering(204)
  authd.clock.advance(10 * MINUTE)

  await authd.sendWebhooks()
  await authd.sendWebhooks()

  expect(queued).toBe(1000)
  expect(await countOf(authd, 'sent')).toBe(1500)
})

test('a delivery can be sent again under its id long after it was accepted', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await subscribe(authd, receiver, ['user.registered'])
  await happen(authd, 'user.registered')
  await authd.sendWebhooks()
  const [delivery] = await deliveries(authd)
  authd.clock.advance(10 * DAY)

  await retryQueued(authd.deps, SYSTEM, { kind: 'webhook', ids: [delivery?.id ?? ''] })
  await authd.sendWebhooks()

  const [first, second] = receiver.received
  expect([second?.headers['webhook-id'], second?.body]).toEqual([first?.headers['webhook-id'], first?.body])
})

test('deliveries of a removed endpoint are cancelled and cannot be sent again', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  const { id } = await subscribe(authd, receiver, ['user.registered'])
  receiver.answer = answering(500)
  await happen(authd, 'user.registered')
  await authd.sendWebhooks()
  const [delivery] = await deliveries(authd)

  await removeWebhook(authd.deps, SYSTEM, id)
  const again = retryQueued(authd.deps, SYSTEM, { kind: 'webhook', ids: [delivery?.id ?? ''] })

  await expect(again).rejects.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' })
  expect(await deliveries(authd)).toMatchObject([{ state: 'cancelled' }])
})

describe.each(['sqlite', 'postgres'] as const)('first tries on %s', (database) => {
  test('are not delayed by deliveries that the receiver refuses, and keep their order', async () => {
    const authd = await startAuthd({ database })
    const receiver = await webhookReceiver()
    await subscribe(authd, receiver, ['user.*'])
    receiver.answer = (response, { body }) => {
      response.statusCode = (JSON.parse(body) as { type: string }).type === 'user.disabled' ? 422 : 204
      response.end()
    }
    for (let n = 0; n < 10; n += 1) await happen(authd, 'user.updated', 'user.disabled')

    await authd.sendWebhooks()

    expect(typesOf(receiver)).toEqual(Array.from({ length: 10 }, () => ['user.updated', 'user.disabled']).flat())
    expect([await countOf(authd, 'sent'), await countOf(authd, 'pending')]).toEqual([10, 10])
  })

  test('come in the order of the log, whichever clock has dated them', async () => {
    const authd = await startAuthd({ database })
    const receiver = await webhookReceiver()
    await subscribe(authd, receiver, ['user.*'])
    await happen(authd, 'user.registered')
    authd.clock.advance(5 * SECOND)
    await sealAudit(authd.deps)
    await queueWebhooks(authd.deps)
    authd.clock.advance(-5 * SECOND)
    await happen(authd, 'user.updated')

    await authd.sendWebhooks()

    expect(typesOf(receiver)).toEqual(['user.registered', 'user.updated'])
  })
})

test('deliveries that fail again and again do not fill the window of new ones', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await subscribe(authd, receiver, ['user.*'])
  receiver.answer = answering(422)
  await authd.deps.db.write(async (trx) => {
    for (let count = 0; count < 1000; count += 1) await recordEvent(authd.deps, trx, SYSTEM, { type: 'user.disabled' })
  })
  await authd.sendWebhooks()
  receiver.answer = answering(204)
  receiver.received.length = 0
  await happen(authd, 'user.updated')

  await authd.sendWebhooks()

  expect(typesOf(receiver)).toEqual(['user.updated'])
})
