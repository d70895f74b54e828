import { expect, onTestFinished, test } from 'vitest'
import { tally } from '../../src/flows/limits/rate-limit.ts'
import { setSetting } from '../../src/flows/operator/setting.ts'
import { addWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { keepHold } from '../../src/flows/upkeep/old-row-hold.ts'
import { byTheClock } from '../../src/jobs/by-the-clock.ts'
import { JOBS } from '../../src/jobs/list.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { DAY } from '../../src/platform/clock.ts'
import { findAuditHead } from '../../src/store/audit-head.ts'
import { findBucket } from '../../src/store/rate-limits.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { until } from '../support/until.ts'
import { typesOf, webhookReceiver } from '../support/webhook-receiver.ts'

/** A daemon's jobs, on real timers. */
function run({ deps }: Authd): void {
  const jobs = startJobs(deps, [...JOBS, ...byTheClock(() => 0)])
  onTestFinished(async () => void (await jobs.stop(0)))
}

const begin = (authd: Authd) => authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })

test('mails are sent', async () => {
  const authd = await startAuthd()
  run(authd)

  await begin(authd)

  await until(() => expect(authd.mailer.sent).toMatchObject([{ to: 'ada@example.com' }]))
})

test('events are queued for their webhooks and delivered', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await addWebhook(authd.deps, SYSTEM, { url: receiver.url, description: '', events: ['user.*'], allowsPrivate: true })
  run(authd)

  await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, SYSTEM, { type: 'user.disabled' }))

  await until(() => expect(typesOf(receiver)).toEqual(['user.disabled']))
})

test('the audit log is sealed', async () => {
  const authd = await startAuthd()
  run(authd)

  await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, SYSTEM, { type: 'user.disabled' }))

  const count = () => authd.deps.db.read((sql) => sql.one<{ n: number }>('SELECT count(*) AS n FROM audit_logs'))
  await until(async () => expect(await authd.deps.db.read(findAuditHead)).toBe(Number((await count())?.n)))
})

test('the requests of sessions and API keys are counted', async () => {
  const authd = await startAuthd()
  run(authd)

  tally(authd.deps, { policy: 'client', subject: 'key_1' }, 3)

  const find = () => authd.deps.db.read((sql) => findBucket(sql, { policy: 'client', subject: 'key_1' }))
  await until(async () => expect(await find()).toMatchObject({ used: 3 }))
})

test('a setting of another process comes into force', async () => {
  const authd = await startAuthd()
  const other = await authd.another()
  run(authd)

  await setSetting(other.deps, SYSTEM, { key: 'signup.policy', value: 'invite', acceptsLockout: false })

  await until(() => expect(authd.deps.config.current().signup.policy).toBe('invite'))
})

test('old rows are deleted', async () => {
  const authd = await startAuthd()
  await begin(authd)
  authd.clock.advance(2 * DAY)
  // Another daemon ran until now.
  await keepHold(authd.deps, 0)

  run(authd)

  const count = () => authd.deps.db.read((sql) => sql.one('SELECT count(*) AS n FROM signin_attempts'))
  await until(async () => expect(await count()).toEqual({ n: 0 }))
})
