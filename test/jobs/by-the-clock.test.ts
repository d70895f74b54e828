import { expect, test } from 'vitest'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { byTheClock } from '../../src/jobs/by-the-clock.ts'
import { DAY, HOUR, MINUTE } from '../../src/platform/clock.ts'
import { clockWatch } from '../../src/platform/clock-watch.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInOnPage } from '../support/people.ts'

/** The jobs of a daemon whose steady clock is moved by `pass`, together with the other one. */
function jobsOf(authd: Authd) {
  let steadyNow = 0
  const steady = () => steadyNow
  const jobs = byTheClock(clockWatch(authd.clock, steady), steady)
  return {
    pass(ms: number) {
      authd.clock.advance(ms)
      steadyNow += ms
    },
    run: (name: string) => jobs.find((job) => job.name === name)?.run(authd.deps, new AbortController().signal),
  }
}

const rows = async (authd: Authd, table: string): Promise<number> =>
  Number((await authd.deps.db.read((sql) => sql.one<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)))?.n)

test('a clock that is years ahead for a moment deletes nothing of a single machine', async () => {
  const authd = await startAuthd()
  await signInOnPage(authd, authd.browser())
  await sealAudit(authd.deps)
  const { run, pass } = jobsOf(authd)
  const before = [await rows(authd, 'audit_logs'), await rows(authd, 'sessions')]

  authd.clock.advance(800 * DAY)
  await run('housekeeping')
  pass(HOUR)
  await run('housekeeping')
  authd.clock.advance(-800 * DAY)
  await run('housekeeping')

  expect([await rows(authd, 'audit_logs'), await rows(authd, 'sessions')]).toEqual(before)
})

test('a clock that stays ahead for a day is believed', async () => {
  const authd = await startAuthd()
  await signInOnPage(authd, authd.browser())
  await sealAudit(authd.deps)
  const { run, pass } = jobsOf(authd)

  authd.clock.advance(800 * DAY)
  await run('housekeeping')
  pass(DAY)
  await run('housekeeping')

  expect(await rows(authd, 'audit_logs')).toBe(0)
})

test('time that passes deletes old rows without delay', async () => {
  const authd = await startAuthd()
  await signInOnPage(authd, authd.browser())
  const { run, pass } = jobsOf(authd)

  pass(2 * DAY)
  await run('housekeeping')

  expect(await rows(authd, 'signin_attempts')).toBe(0)
})

test('SECURITY: a clock that is ahead for a moment does not delete what says that something is spent', async () => {
  const authd = await startAuthd()
  await signInOnPage(authd, authd.browser())
  const { run, pass } = jobsOf(authd)
  const before = await rows(authd, 'answers')

  authd.clock.advance(20 * MINUTE)
  await run('answers')
  const ahead = await rows(authd, 'answers')
  authd.clock.advance(-20 * MINUTE)
  pass(HOUR)
  await run('answers')

  expect(before).toBeGreaterThan(0)
  expect([ahead, await rows(authd, 'answers')]).toEqual([before, 0])
})

test('SECURITY: an instance whose clock is ahead deletes no answers of the others', async () => {
  const authd = await startAuthd({ database: 'postgres' })
  await signInOnPage(authd, authd.browser())
  const other = await authd.another()
  const before = await rows(authd, 'answers')
  other.deps.clock = { now: () => authd.clock.now() + 20 * MINUTE }

  await jobsOf(other).run('answers')

  expect(before).toBeGreaterThan(0)
  expect(await rows(authd, 'answers')).toBe(before)
})
