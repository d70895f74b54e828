import { describe, expect, test } from 'vitest'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { byTheClock } from '../../src/jobs/by-the-clock.ts'
import { DAY, HOUR, MINUTE } from '../../src/platform/clock.ts'
import { clockWatch } from '../../src/platform/clock-watch.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInOnPage } from '../support/people.ts'

/** The jobs of a daemon that starts now, and whose steady clock is moved by `pass`, together with the other one. */
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

describe.each(['sqlite', 'postgres'] as const)('a daemon that starts on %s', (database) => {
  /** Somebody has signed in, and a daemon has run. */
  async function ran() {
    const authd = await startAuthd({ database })
    // The clock of the database is this machine's.
    authd.deps.db.time = async () => authd.clock.now()
    await signInOnPage(authd, authd.browser())
    await sealAudit(authd.deps)
    return { authd, left: () => Promise.all(KEPT.map((table) => rows(authd, table))) }
  }
  const KEPT = ['audit_logs', 'sessions', 'devices', 'signin_attempts', 'answers']
  const start = async (authd: Authd) => {
    const jobs = jobsOf(authd)
    await Promise.all(['clock', 'answers', 'housekeeping'].map(jobs.run))
    return jobs
  }

  test('SECURITY: while the clock is years ahead deletes nothing, also after another start', async () => {
    const { authd, left } = await ran()
    await start(authd)
    const before = await left()

    authd.clock.advance(800 * DAY)
    await start(authd)
    const { pass, run } = await start(authd)
    pass(10 * MINUTE)
    await run('answers')
    const answers = await rows(authd, 'answers')
    pass(5 * HOUR)
    await run('housekeeping')
    authd.clock.advance(-800 * DAY)
    await run('housekeeping')

    expect(before).not.toContain(0)
    expect([...(await left()).slice(0, 4), answers]).toEqual(before)
    expect(authd.log.lines).toContainEqual({
      level: 'warn',
      message: 'the clock is far from the time of the last run: no old row is deleted for now',
      fields: { ahead_seconds: 800 * 86_400, hold_seconds: 6 * 3600 },
    })
  })

  test('SECURITY: while the clock is years ahead deletes nothing, though no other has run', async () => {
    const { authd, left } = await ran()
    const before = await left()

    authd.clock.advance(800 * DAY)
    await start(authd)

    expect(await left()).toEqual(before)
  })

  test('after a clock was stepped by hours goes on with the hold', async () => {
    const { authd, left } = await ran()
    const before = await left()
    const first = await start(authd)
    first.pass(7 * HOUR)
    await first.run('housekeeping')
    authd.clock.advance(23 * HOUR)
    await first.run('clock')

    const second = await start(authd)
    second.pass(5 * HOUR)
    await second.run('housekeeping')

    expect((await left())[3]).toEqual(before[3])
  })

  test('deletes old rows after six hours of all that ran', async () => {
    const { authd, left } = await ran()
    authd.clock.advance(60 * DAY)
    const first = await start(authd)
    first.pass(5 * HOUR)
    await first.run('housekeeping')

    const second = await start(authd)
    second.pass(2 * HOUR)
    await second.run('housekeeping')

    expect((await left())[3]).toBe(0)
  })
})

test('time that passes deletes old rows without delay', async () => {
  const authd = await startAuthd()
  await signInOnPage(authd, authd.browser())
  const { run, pass } = jobsOf(authd)
  await run('clock')

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
