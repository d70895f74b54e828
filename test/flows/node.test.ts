import { expect, test } from 'vitest'
import { closeCopied } from '../../src/flows/operator/database-copy.ts'
import { announceNode, listNodes, withdrawNode } from '../../src/flows/upkeep/node.ts'
import { announcing } from '../../src/jobs/list.ts'
import { MINUTE, SECOND } from '../../src/platform/clock.ts'
import { nodesOf } from '../../src/startup/running-daemons.ts'
import { startAuthd } from '../support/harness.ts'

const node = (id: string, pid: number) => {
  return { id, pid, host: 'one', version: '1.2.3', address: 'http://127.0.0.1:3000', startedAt: 1 }
}

test.each(['sqlite', 'postgres'] as const)(
  'a node is listed while it reports, and a killed one for at most half a minute (%s)',
  async (database) => {
    const { deps, clock } = await startAuthd({ database })
    await announceNode(deps, node('node_1', 11))
    await announceNode(deps, node('node_2', 12))
    await announceNode(deps, node('node_3', 13))

    await withdrawNode(deps, node('node_3', 13))
    clock.advance(20 * SECOND)
    await announceNode(deps, node('node_2', 12))
    const both = await listNodes(deps)
    clock.advance(10 * SECOND)
    await announceNode(deps, node('node_2', 12))
    const rows = await deps.db.read((sql) => sql.all('SELECT name FROM leases'))

    expect(both.map(({ pid, seenAt }) => [pid, clock.now() - seenAt])).toEqual([
      [11, 30 * SECOND],
      [12, 10 * SECOND],
    ])
    expect(await listNodes(deps)).toHaveLength(1)
    expect(rows).toEqual([{ name: 'node node_2' }])
  },
)

test.each(['sqlite', 'postgres'] as const)(
  'a daemon that could not be seen while a command closed the database ends itself at its next announcement (%s)',
  async (database) => {
    const { deps } = await startAuthd({ database })
    const refusals: string[] = []
    const { run } = announcing(node('node_1', 11), ({ code }) => refusals.push(code))
    const now = new AbortController().signal
    await run(deps, now)
    const before = [...refusals]
    await closeCopied(deps, deps.db, { mark: 'copy_1 run_1', to: 'the copy' })

    await run(deps, now)

    expect([before, refusals]).toEqual([[], ['CONFIG_INVALID']])
  },
)

test('a command whose clock is a minute off still sees a daemon, by the clock of PostgreSQL', async () => {
  const { deps, clock } = await startAuthd({ database: 'postgres' })
  clock.advance(Date.now() - clock.now())
  await announceNode(deps, node('node_1', 11))

  const seen = await Promise.all([-MINUTE, 0, MINUTE].map((off) => nodesOf(deps.db, { now: () => clock.now() + off })))

  expect(seen.map((nodes) => nodes.map(({ id }) => id))).toEqual(Array(3).fill(['node_1']))
})
