import { describe, expect, test } from 'vitest'
import { deliverNextMail, enqueueMail } from '../../src/flows/outbox/mail-sending.ts'
import { listQueue, showQueued } from '../../src/flows/outbox/queue-admin.ts'
import { takeOver } from '../../src/flows/upkeep/node.ts'
import { MAILS } from '../../src/mails.ts'
import { DAY, HOUR, MINUTE } from '../../src/platform/clock.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { StoreError } from '../../src/store/db.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { until } from '../support/until.ts'

const TEMPORARY = new MailError('450 try later', { isPermanent: false })

async function enqueue(authd: Authd, template: 'signin' | 'invitation' | 'new_device', ttlMs = HOUR): Promise<string> {
  const mail = { to: 'ada@example.com', lang: 'en', expiresAt: authd.clock.now() + ttlMs }
  const values = MAILS[template].values as never
  return await authd.deps.db.write((trx) => enqueueMail(authd.deps, trx, { ...mail, template, values }))
}

async function stateOf(authd: Authd) {
  const { rows } = await listQueue(authd.deps, { kind: 'mail' }, { limit: 10, within: 100 })
  return rows.map(({ state, tries }) => ({ state, tries }))
}

const nodeOf = (authd: Authd) => ({
  id: authd.deps.nodeId,
  host: 'localhost',
  pid: 1,
  version: '0',
  address: authd.address,
  publicUrl: authd.url,
  startedAt: authd.clock.now(),
})

describe.each(['sqlite', 'postgres'] as const)('mails (%s)', (database) => {
  test('that somebody waits for are sent before notices and invitations that are due longer', async () => {
    const authd = await startAuthd({ database })
    for (let n = 0; n < 20; n += 1) await enqueue(authd, 'invitation')
    authd.clock.advance(MINUTE)
    const id = await enqueue(authd, 'signin')

    const [first, ...others] = await authd.takeMail()

    expect(first?.messageId).toBe(id)
    expect(others).toHaveLength(20)
  })

  test('of a daemon that died are sent at once, and those of a living one are left to it', async () => {
    const authd = await startAuthd({ database })
    const dying = await authd.another()
    await enqueue(authd, 'signin')
    dying.mailer.send = () => new Promise(() => {})
    void deliverNextMail(dying.deps)
    await until(async () => expect(await stateOf(authd)).toMatchObject([{ state: 'pending', tries: 1 }]))

    const early = await authd.takeMail()
    await takeOver(dying.deps, nodeOf(dying))
    const ofLiving = await authd.takeMail()
    await takeOver(authd.deps, nodeOf(authd))
    const sent = await authd.takeMail()

    expect([early.length, ofLiving.length, sent.length]).toEqual([0, 0, 1])
  })
})

test('while a mail server is away for three days, a notice is tried a hundred times at most, and a sign-in mail each minute', async () => {
  const authd = await startAuthd()
  const notice = await enqueue(authd, 'new_device', 3 * DAY)
  const signin = await enqueue(authd, 'signin', 10 * MINUTE)
  authd.mailer.failure = TEMPORARY

  const countTries = async (id: string) => (await showQueued(authd.deps, 'mail', id)).item.tries
  let waited = 0
  for (; waited < 10 * MINUTE; waited += 15_000) {
    while (await deliverNextMail(authd.deps));
    authd.clock.advance(15_000)
  }
  const triesOfSignin = await countTries(signin)
  for (; waited < 3 * DAY; waited += 5 * MINUTE) {
    await deliverNextMail(authd.deps)
    authd.clock.advance(5 * MINUTE)
  }

  const tries = await countTries(notice)
  expect(triesOfSignin).toBeGreaterThanOrEqual(9)
  expect(tries).toBeGreaterThan(60)
  expect(tries).toBeLessThan(100)
})

test('a mail that was accepted is not sent again where its row could not be written, nor called expired', async () => {
  const authd = await startAuthd()
  const id = await enqueue(authd, 'signin', 10 * MINUTE)
  const { write } = authd.deps.db
  const { send } = authd.mailer
  authd.mailer.send = async (mail, limit) => {
    const answer = await send(mail, limit)
    authd.deps.db.write = () => Promise.reject(new StoreError('unavailable', 'The disk is full.'))
    return answer
  }

  await expect(deliverNextMail(authd.deps)).rejects.toThrow('The disk is full.')
  authd.deps.db.write = write
  authd.clock.advance(HOUR)
  const sent = await authd.takeMail()

  expect(sent.map(({ messageId }) => messageId)).toEqual([id])
  expect(await stateOf(authd)).toEqual([{ state: 'sent', tries: 2 }])
})

test('a mail that was accepted late, after another process had taken it over, is recorded as sent', async () => {
  const authd = await startAuthd()
  const slow = await authd.another()
  await enqueue(authd, 'signin')
  let accept = (_: string) => {}
  slow.mailer.send = () => new Promise((resolve) => (accept = resolve))
  const sending = deliverNextMail(slow.deps)
  await until(async () => expect(await stateOf(authd)).toMatchObject([{ tries: 1 }]))
  authd.clock.advance(5 * MINUTE)
  authd.mailer.failure = TEMPORARY
  await deliverNextMail(authd.deps)

  accept('250 taken')
  await sending
  authd.mailer.failure = undefined
  authd.clock.advance(30 * MINUTE)

  expect(await authd.takeMail()).toEqual([])
  expect(await stateOf(authd)).toEqual([{ state: 'sent', tries: 2 }])
})

test('a try to send a mail has a limit, and a mail server that says nothing until then has not accepted it', async () => {
  const authd = await startAuthd()
  await enqueue(authd, 'signin')
  const limits: AbortSignal[] = []
  const stopping = new AbortController()
  authd.mailer.send = (_, limit) =>
    new Promise((_, reject) => {
      limits.push(limit)
      limit.addEventListener('abort', () => reject(TEMPORARY))
    })

  const trying = deliverNextMail(authd.deps, stopping.signal)
  await until(() => expect(limits).toHaveLength(1))
  stopping.abort()
  await trying

  expect(await stateOf(authd)).toEqual([{ state: 'pending', tries: 1 }])
})
