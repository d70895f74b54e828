import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { followAudit, tailAudit } from '../../src/flows/audit/audit.ts'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { hasUnsealedAuditLogs } from '../../src/store/audit-logs.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

/** Records an event and runs this many statements before the commit. On PostgreSQL events with higher ids commit earlier. */
async function record(authd: Authd, statements: number): Promise<void> {
  await authd.deps.db.write(async (trx) => {
    await recordEvent(authd.deps, trx, SYSTEM, { type: 'mail.failed', metadata: { tries: statements } })
    if (trx.dialect === 'sqlite') return
    for (let n = 0; n < statements; n += 1) await trx.one('SELECT 1')
  })
}

async function follow(authd: Authd, after: number, until: () => boolean): Promise<number[]> {
  const seen: number[] = []
  for (let isLast = false; !isLast; ) {
    isLast = until()
    await sealAudit(authd.deps)
    const { events: rows } = await followAudit(authd.deps, {}, { after: seen.at(-1) ?? after, limit: 7 })
    seen.push(...rows.flatMap(({ seq }) => (seq === null ? [] : [seq])))
    if (rows.length === 7) isLast = false
    // SQLite answers without leaving the event loop; the writers need a turn.
    await setImmediate()
  }
  return seen
}

describe.each(['sqlite', 'postgres'] as const)('the audit log on %s', (database) => {
  test('is numbered without gap or duplicate by sealers in two processes, and a follower misses nothing', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    await sealAudit(authd.deps)
    const start = (await tailAudit(authd.deps, {}, 1))[0]?.seq ?? 0
    let isDone = false

    const following = [follow(authd, start, () => isDone), follow(other, start, () => isDone)]
    const statements = Array.from({ length: 60 }, (_, n) => (n * 37) % 50)
    await Promise.all(statements.map((count, n) => record(n % 2 === 0 ? authd : other, count)))
    isDone = true
    const [first, second] = await Promise.all(following)

    const expected = Array.from({ length: 60 }, (_, n) => start + 1 + n)
    expect(first).toEqual(expected)
    expect(second).toEqual(expected)
    expect(await authd.deps.db.read(hasUnsealedAuditLogs)).toBe(false)
  })
})

test('a row that is rolled back leaves no gap', async () => {
  const authd = await startAuthd()
  const undone = authd.deps.db.write(async (trx) => {
    await recordEvent(authd.deps, trx, SYSTEM, { type: 'mail.failed' })
    throw new Error('undo')
  })
  await expect(undone).rejects.toThrow('undo')
  await record(authd, 0)

  const log = await authd.auditLog()

  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1))
})

test('the log is filtered by event, outcome, user and time', async () => {
  const authd = await startAuthd()
  for (const [type, userId] of [
    ['session.created', 'usr_1'],
    ['session.revoked', 'usr_1'],
    ['user.disabled', 'usr_2'],
  ] as const) {
    await authd.deps.db.write((trx) => recordEvent(authd.deps, trx, SYSTEM, { type, user: { id: userId } }))
    authd.clock.advance(1000)
  }
  await sealAudit(authd.deps)
  const typesOf = async (filter: Parameters<typeof tailAudit>[1]) =>
    (await tailAudit(authd.deps, filter, 10)).map(({ eventType }) => eventType)

  expect(await typesOf({ events: ['session.*'] })).toEqual(['session.created', 'session.revoked'])
  expect(await typesOf({ events: ['session_*'] })).toEqual([])
  expect(await typesOf({ userId: 'usr_2' })).toEqual(['user.disabled'])
  expect(await typesOf({ since: authd.clock.now() - 1000 })).toEqual(['user.disabled'])
  expect(await typesOf({ outcome: 'failure' })).toEqual([])
})
