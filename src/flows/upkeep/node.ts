import type { Deps } from '../../deps.ts'
import { SECOND } from '../../platform/clock.ts'
import { deleteEndedLeases, deleteLease, listLeases, takeLease } from '../../store/node-leases.ts'
import { listOutboxOwners, releaseOutboxOf } from '../../store/outbox.ts'
import { listWebhookOwners, releaseWebhooksOf } from '../../store/webhook-endpoints.ts'
import { decide } from '../decide.ts'
import { closingOf } from '../server-secret.ts'

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

/**
 * Announces that this daemon runs. Nodes that were killed are removed by the others. Throws SECRET_MISMATCH while the server
 * secret is rotated, which no daemon may see half done, and after that for the former one, and CONFIG_INVALID once a copy has closed the database.
 */
export async function announceNode(deps: Pick<Deps, 'db' | 'clock' | 'keys'>, node: Node): Promise<void> {
  const now = deps.clock.now()
  const lease = { name: nameOf(node), holder: JSON.stringify(node), now, expiresAt: now + LEASE_MS }
  await decide(deps, async (trx) => {
    const refusal = await closingOf(deps, trx)
    if (refusal !== undefined) return refusal
    await takeLease(trx, lease)
    await deleteEndedLeases(trx, { prefix: PREFIX, now, spanMs: LEASE_MS })
    return undefined
  })
}

/**
 * What dead daemons were sending is due now, and the endpoints that they were delivering to are free: nobody waits for
 * their leases. A daemon that listened where this one does is dead, and with SQLite so is every other. Called after this
 * daemon has announced itself.
 */
export async function takeOver(deps: Pick<Deps, 'db' | 'clock' | 'log'>, node: Node): Promise<void> {
  // Owners first: a daemon announces itself before it sends, so that each owner who lives is among the living.
  const owners = await deps.db.read(async (sql) => [
    ...(await listOutboxOwners(sql)),
    ...(await listWebhookOwners(sql)),
  ])
  const others = deps.db.dialect === 'sqlite' ? [] : (await listNodes(deps)).filter(({ id }) => id !== node.id)
  const before = others.filter(({ host, address }) => host === node.host && address === node.address)
  const living = new Set([node, ...others.filter((other) => !before.includes(other))].map(({ id }) => id))
  const dead = [...new Set(owners)].filter((owner) => !living.has(owner))
  if (dead.length === 0 && before.length === 0) return
  const now = deps.clock.now()
  const count = await deps.db.write(async (trx) => {
    let released = 0
    for (const owner of dead) {
      released += await releaseOutboxOf(trx, { owner, now })
      released += await releaseWebhooksOf(trx, owner)
    }
    for (const { id } of before) await deleteLease(trx, `${PREFIX}${id}`)
    return released
  })
  if (count > 0) deps.log.info('work of a dead daemon taken over', { count })
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
