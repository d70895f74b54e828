import { expect, test } from 'vitest'
import { readOverview } from '../../src/flows/operator/status-counts.ts'
import { STEP_ROWS } from '../../src/flows/pagination.ts'
import { keepRowCounts, readRowCounts } from '../../src/flows/upkeep/row-counts.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { COUNTED_MOST } from '../../src/store/counts.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'
import { multiplyRow } from '../support/rows.ts'

const BOTH = ['sqlite', 'postgres'] as const

/** Too many sessions to be counted on each look. */
async function manySessions(authd: Authd): Promise<void> {
  await signInForTokens(authd)
  const differing = { id: "'ses_0000000000' || ?digits" }
  await multiplyRow(authd.deps.db, 'sessions', { differing, to: STEP_ROWS - 1 })
}

test.each(BOTH)('of many sessions, everybody gets what a daemon counted last (%s)', async (database) => {
  const authd = await startAuthd({ database })
  await manySessions(authd)

  await keepRowCounts(authd.deps)
  await signInForTokens(authd, 'bob@example.com')
  const kept = await readRowCounts(authd.deps)
  await keepRowCounts(authd.deps)
  const counted = await readRowCounts(authd.deps)

  expect(kept).toEqual({ users: 1, sessions: STEP_ROWS, liveSessions: STEP_ROWS })
  expect(counted).toEqual({ users: 2, sessions: STEP_ROWS + 1, liveSessions: STEP_ROWS + 1 })
})

test('a count of many sessions that no daemon keeps any more is not used', async () => {
  const authd = await startAuthd()
  await manySessions(authd)
  await keepRowCounts(authd.deps)
  await signInForTokens(authd, 'bob@example.com')
  authd.clock.advance(6 * MINUTE)

  const counts = await readRowCounts(authd.deps)

  expect(counts.sessions).toBe(STEP_ROWS + 1)
})

test('of several daemons one counts', async () => {
  const authd = await startAuthd({ database: 'postgres' })
  const other = await authd.another()
  await manySessions(authd)
  await keepRowCounts(authd.deps)
  await signInForTokens(authd, 'bob@example.com')

  await keepRowCounts(other.deps)

  expect((await readRowCounts(other.deps)).users).toBe(1)
})

test.each(BOTH)('a long queue is counted up to a limit (%s)', async (database) => {
  const authd = await startAuthd({ database })
  await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })
  const differing = { id: "'msg_0000000000' || ?digits" }
  await multiplyRow(authd.deps.db, 'outbox', { differing, to: COUNTED_MOST })

  const { mailsByState, oldestPendingMailAt } = await readOverview(authd.deps)

  expect(mailsByState).toEqual({ pending: COUNTED_MOST, failed: 0 })
  expect(oldestPendingMailAt).toBe(authd.clock.now())
})
