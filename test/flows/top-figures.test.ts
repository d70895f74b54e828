import { expect, test } from 'vitest'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { readPulse, readTotals } from '../../src/flows/operator/top-figures.ts'
import { DAY, HOUR } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { askForCode, signInForTokens } from '../support/people.ts'

test.each(['sqlite', 'postgres'] as const)(
  'each look returns the events since the last one once, and a quiet second returns none (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    await sealAudit(authd.deps)
    const first = await readPulse(authd.deps, null, 2)
    await signInForTokens(authd, 'bob@example.com')
    const { attemptToken } = await askForCode(authd)
    await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token: attemptToken } })
    await sealAudit(authd.deps)

    const second = await readPulse(authd.deps, first.seq, 50)
    const third = await readPulse(authd.deps, second.seq, 50)

    expect(first.events.map(({ seq }) => seq)).toEqual([first.seq, first.seq - 1])
    expect(second.signIns).toEqual({ succeeded: 1, failed: 1 })
    expect(second.events.map(({ seq }) => seq).at(-1)).toBe(first.seq + 1)
    expect(third).toEqual({ seq: second.seq, signIns: { succeeded: 0, failed: 0 }, events: [] })
  },
)

test('of a burst only the newest events are read, and all are counted', async () => {
  const authd = await startAuthd()
  const { seq } = await readPulse(authd.deps, null, 2)
  await signInForTokens(authd)
  await signInForTokens(authd, 'bob@example.com')
  await sealAudit(authd.deps)

  const burst = await readPulse(authd.deps, seq, 2)

  expect(burst.events.map((event) => event.seq)).toEqual([burst.seq, burst.seq - 1])
  expect(burst.signIns.succeeded).toBe(2)
})

test('the totals cover 24 hours without decoy mails', async () => {
  const authd = await startAuthd()
  await signInForTokens(authd)
  await authd.takeMail()
  const today = await readTotals(authd.deps)
  authd.clock.advance(DAY + HOUR)

  const tomorrow = await readTotals(authd.deps)

  expect(today).toMatchObject({ liveSessions: 1, signIns: { succeeded: 1, failed: 0 }, mails: { waiting: 0 } })
  expect(today.mails.sent).toBeGreaterThan(0)
  expect(tomorrow).toMatchObject({ signIns: { succeeded: 0, failed: 0 }, mails: { sent: 0, failed: 0 } })
})
