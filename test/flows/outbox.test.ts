import { describe, expect, test } from 'vitest'
import { deliverNextMail, enqueueMail } from '../../src/flows/outbox/mail-sending.ts'
import { listQueue, retryQueued, showQueued } from '../../src/flows/outbox/queue-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { deleteOldRows } from '../../src/flows/upkeep/housekeeping.ts'
import { HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { until } from '../support/until.ts'

const TEMPORARY = new MailError('450 try later', { isPermanent: false })
const PERMANENT = new MailError('550 no such user', { isPermanent: true })

async function enqueue(authd: Authd, more: { ttlMs?: number; isDecoy?: boolean } = {}): Promise<string> {
  const { ttlMs = HOUR, isDecoy = false } = more
  const mail = {
    to: 'ada@example.com',
    template: 'signin',
    lang: 'en',
    values: { code: '123456', expires_minutes: '10' },
    isDecoy,
  } as const
  return await authd.deps.db.write((trx) =>
    enqueueMail(authd.deps, trx, { ...mail, expiresAt: authd.clock.now() + ttlMs }),
  )
}

async function stateOf(authd: Authd) {
  const { rows } = await listQueue(authd.deps, { kind: 'mail' }, { limit: 10, within: 100 })
  return rows.map(({ state, tries, bodySealed }) => ({ state, tries, hasBody: bodySealed !== null }))
}

describe.each(['sqlite', 'postgres'] as const)('SECURITY: the outbox on %s', (database) => {
  test('a relay that fails for ten minutes and then accepts gets each mail exactly once', async () => {
    const authd = await startAuthd({ database })
    const id = await enqueue(authd)

    authd.mailer.failure = TEMPORARY
    for (let waited = 0; waited < 10 * MINUTE; waited += 5 * SECOND) {
      await deliverNextMail(authd.deps)
      authd.clock.advance(5 * SECOND)
    }
    authd.mailer.failure = undefined
    authd.clock.advance(2 * MINUTE)
    const sent = await authd.takeMail()
    authd.clock.advance(HOUR)
    const later = await authd.takeMail()

    expect(sent.map(({ messageId }) => messageId)).toEqual([id])
    expect(later).toEqual([])
    expect(await stateOf(authd)).toMatchObject([{ state: 'sent', hasBody: false }])
  })

  test('two dispatchers at once send each mail once', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    const ids = await Promise.all(Array.from({ length: 40 }, () => enqueue(authd)))

    const [mine, theirs] = await Promise.all([authd.takeMail(), other.takeMail()])
    const rest = [...(await authd.takeMail()), ...(await other.takeMail())]

    const sent = [...mine, ...theirs, ...rest].map(({ messageId }) => messageId)
    expect(sent.sort()).toEqual(ids.sort())
  })
})

test('a mail that the relay rejects permanently is not retried, and is logged', async () => {
  const authd = await startAuthd()
  await enqueue(authd)

  authd.mailer.failure = PERMANENT
  await deliverNextMail(authd.deps)
  authd.mailer.failure = undefined
  authd.clock.advance(HOUR)

  expect(await authd.takeMail()).toEqual([])
  expect(await stateOf(authd)).toEqual([{ state: 'failed', tries: 1, hasBody: true }])
  const last = (await authd.auditLog()).at(-1)
  expect(last).toMatchObject({ eventType: 'mail.failed', outcome: 'failure', metadata: { reason: '550 no such user' } })
})

test('a mail is never sent after its content has expired', async () => {
  const authd = await startAuthd()
  await enqueue(authd, { ttlMs: 10 * MINUTE })

  authd.clock.advance(10 * MINUTE)

  expect(await authd.takeMail()).toEqual([])
  expect(await stateOf(authd)).toMatchObject([{ state: 'expired', hasBody: false }])
})

test('SECURITY: a mail whose sender died is taken over as the same mail when its lease expires', async () => {
  const authd = await startAuthd()
  const id = await enqueue(authd)
  const dying = await authd.another()
  let hang = () => {}
  dying.mailer.send = () => new Promise((_, reject) => (hang = () => reject(TEMPORARY)))

  const cutOff = deliverNextMail(dying.deps)
  await until(async () => expect(await stateOf(authd)).toMatchObject([{ state: 'pending', tries: 1 }]))
  authd.clock.advance(5 * MINUTE - 1)
  const early = await authd.takeMail()
  authd.clock.advance(1)
  const taken = await authd.takeMail()
  // The first sender was only slow: its late result is ignored.
  hang()
  await cutOff

  expect(early).toEqual([])
  expect(taken.map(({ messageId }) => messageId)).toEqual([id])
  expect(await stateOf(authd)).toMatchObject([{ state: 'sent', tries: 2 }])
})

test('a decoy is deleted, never sent, never listed and never counted', async () => {
  const authd = await startAuthd()
  await enqueue(authd, { isDecoy: true })
  const listed = await listQueue(authd.deps, { kind: 'mail' }, { limit: 10, within: 100 })

  const sent = await authd.takeMail()
  const rows = await authd.deps.db.read((sql) => sql.all('SELECT id FROM outbox'))

  expect(listed).toEqual({ rows: [], total: { count: 0, isExact: true }, nextCursor: null })
  expect([sent, rows]).toEqual([[], []])
})

test('the content of a rejected mail is kept for a retry until it expires', async () => {
  const authd = await startAuthd()
  await enqueue(authd)
  authd.mailer.failure = PERMANENT
  await deliverNextMail(authd.deps)

  authd.clock.advance(HOUR - 1)
  await deleteOldRows(authd.deps)
  const before = await stateOf(authd)
  authd.clock.advance(1)
  await deleteOldRows(authd.deps)

  expect(before).toMatchObject([{ state: 'failed', hasBody: true }])
  expect(await stateOf(authd)).toMatchObject([{ state: 'failed', hasBody: false }])
})

test('an operator can retry a waiting mail, not one being sent, and its attempts stay on record', async () => {
  const authd = await startAuthd()
  const id = await enqueue(authd)
  authd.mailer.failure = TEMPORARY
  await deliverNextMail(authd.deps)
  await retryQueued(authd.deps, SYSTEM, { kind: 'mail', ids: [id] })
  const dying = await authd.another()
  let letGo = (_: string) => {}
  dying.mailer.send = () => new Promise((resolve) => (letGo = resolve))
  const sending = deliverNextMail(dying.deps)
  await until(async () => expect(await stateOf(authd)).toMatchObject([{ tries: 2 }]))
  authd.mailer.failure = undefined

  await retryQueued(authd.deps, SYSTEM, { kind: 'mail', ids: [id] })
  const twice = await deliverNextMail(authd.deps)
  letGo('250 taken')
  await sending

  expect(twice).toBe(false)
  const { item, tries } = await showQueued(authd.deps, 'mail', id)
  expect([item.state, tries.map(({ number, outcome }) => `${number} ${outcome}`)]).toEqual([
    'sent',
    ['1 postponed', '2 accepted'],
  ])
})
