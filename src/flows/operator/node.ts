import type { Deps } from '../../deps.ts'
import { SECOND } from '../../platform/clock.ts'
import { deleteLease, deleteLeasesEndedBy, listLeases, takeLease } from '../../store/leases.ts'

/** One running daemon, of several on one database. */
export interface Node {
  id: string
  host: string
  pid: number
  version: string
  /** Where it listens. */
  address: string
  startedAt: number
}

export interface SeenNode extends Node {
  seenAt: number
}

export const ANNOUNCE_MS = 10 * SECOND
/** Two may be missed: a node that is busy is not gone. */
const LEASE_MS = 3 * ANNOUNCE_MS
const PREFIX = 'node '
const MOST = 200

/** Says that this daemon runs. Whoever was killed is taken off the list by the others. */
export async function announceNode(deps: Pick<Deps, 'db' | 'clock'>, node: Node): Promise<void> {
  const now = deps.clock.now()
  const lease = { name: nameOf(node), holder: JSON.stringify(node), now, expiresAt: now + LEASE_MS }
  await deps.db.write(async (trx) => {
    await takeLease(trx, lease)
    await deleteLeasesEndedBy(trx, { prefix: PREFIX, now })
  })
}

export async function withdrawNode(deps: Pick<Deps, 'db'>, node: Node): Promise<void> {
  await deps.db.write((trx) => deleteLease(trx, nameOf(node)))
}

/** The daemons that run, in the order of their start. Only those on PostgreSQL say so: on SQLite there is one. */
export async function listNodes(deps: Pick<Deps, 'db' | 'clock'>): Promise<SeenNode[]> {
  const now = deps.clock.now()
  const leases = await deps.db.read((sql) => listLeases(sql, { prefix: PREFIX, now }, MOST))
  return leases.map(({ holder, expiresAt }) => ({
    ...(JSON.parse(holder) as Node),
    seenAt: expiresAt - LEASE_MS,
  }))
}

function nameOf({ id }: Node): string {
  return `${PREFIX}${id}`
}
