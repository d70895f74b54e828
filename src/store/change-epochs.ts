import type { Sql, Trx } from './db.ts'

/** What processes cache; each has its row. */
export type ChangeTopic = 'keys' | 'rate_limits' | 'ip_filters' | 'settings'

/** A new epoch ends all there is of these at once. Rows keep the epoch in which they began, and end with it. */
export type EndedTopic = 'sessions' | 'signins' | 'answers'

/** On PostgreSQL, where processes hear of changes when they are committed. */
export const CHANGE_CHANNEL = 'authd_change'

/**
 * Called in the unit that changes a topic, so that processes with a cached copy read it again, or that ends all there is
 * of it. Returns the new epoch.
 */
export async function bumpEpoch(trx: Trx, topic: ChangeTopic | EndedTopic): Promise<number> {
  const row = await trx.one<{ epoch: number }>(
    `INSERT INTO change_epochs (topic, epoch) VALUES (?, 1)
     ON CONFLICT (topic) DO UPDATE SET epoch = change_epochs.epoch + 1 RETURNING epoch`,
    [topic],
  )
  if (trx.dialect === 'postgres') await trx.one(`SELECT pg_notify('${CHANGE_CHANNEL}', ?)`, [topic])
  return Number(row?.epoch)
}

/**
 * Holds a topic until the unit ends, so that units which decide by its rows run one after the other. It works where such
 * a row does not exist yet, which no lock of rows does. Nothing caches webhooks.
 */
export async function holdTopic(trx: Trx, topic: ChangeTopic | 'signins' | 'webhooks'): Promise<void> {
  trx.send(
    `INSERT INTO change_epochs (topic, epoch) VALUES (?, 0)
     ON CONFLICT (topic) DO UPDATE SET epoch = change_epochs.epoch`,
    [topic],
  )
}

/** The epoch of a topic now, as an expression. Within one statement it is read together with the rows. */
export function epochOf(topic: EndedTopic): string {
  return `COALESCE((SELECT epoch FROM change_epochs WHERE topic = '${topic}'), 0)`
}

export async function listEpochs(sql: Sql): Promise<Map<string, number>> {
  const rows = await sql.all<{ topic: string; epoch: number }>('SELECT topic, epoch FROM change_epochs')
  return new Map(rows.map(({ topic, epoch }) => [topic, epoch]))
}
