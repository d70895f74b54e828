import type { Deps } from '../../deps.ts'
import { SECOND } from '../../platform/clock.ts'
import { deleteEndedLeases, deleteLease, listLeases, takeLease } from '../../store/leases.ts'

/** A daemon, as it announces itself. */
export interface Node {
  id: string
  host: string
  pid: number
  version: string
  /** Where it listens. */
  address: string
  /** Missing in what an older version announced. */
  publicUrl?: string | undefined
  startedAt: number
}

export interface SeenNode extends Node {
  seenAt: number
}

export const ANNOUNCE_MS = 10 * SECOND
/** A busy node may miss two announcements. */
const LEASE_MS = 3 * ANNOUNCE_MS
const PREFIX = 'node '
const MOST = 200

/** Announces that this daemon runs. Nodes that were killed are removed by the others. */
export async function announceNode(deps: Pick<Deps, 'db' | 'clock'>, node: Node): Promise<void> {
  const now = deps.clock.now()
  const lease = { name: nameOf(node), holder: JSON.stringify(node), now, expiresAt: now + LEASE_MS }
  await deps.db.write(async (trx) => {
    await takeLease(trx, lease)
    await deleteEndedLeases(trx, { prefix: PREFIX, now, spanMs: LEASE_MS })
  })
}

export async function withdrawNode(deps: Pick<Deps, 'db'>, node: Node): Promise<void> {
  await deps.db.write((trx) => deleteLease(trx, nameOf(node)))
}

/**
 * The running daemons, oldest first. On SQLite only a daemon in development mode announces itself, because its address
 * may come from flags that commands do not see.
 */
export async function listNodes(deps: Pick<Deps, 'db' | 'clock'>): Promise<SeenNode[]> {
  const now = deps.clock.now()
  const leases = await deps.db.read((sql) => listLeases(sql, { prefix: PREFIX, now, spanMs: LEASE_MS }, MOST))
  return leases.map(({ holder, expiresAt }) => ({
    ...(JSON.parse(holder) as Node),
    seenAt: expiresAt - LEASE_MS,
  }))
}

function nameOf({ id }: Node): string {
  return `${PREFIX}${id}`
}
