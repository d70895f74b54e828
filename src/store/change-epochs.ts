import type { Sql, Trx } from './db.ts'

/** What processes cache; each has its row. */
export type ChangeTopic = 'keys' | 'rate_limits' | 'ip_filters' | 'settings'

/** Called in the unit that changes a topic, so that processes with a cached copy read it again. */
export async function bumpEpoch(trx: Trx, topic: ChangeTopic): Promise<void> {
  await trx.run(
    `INSERT INTO change_epochs (topic, epoch) VALUES (?, 1)
     ON CONFLICT (topic) DO UPDATE SET epoch = change_epochs.epoch + 1`,
    [topic],
  )
}

export async function listEpochs(sql: Sql): Promise<Map<string, number>> {
  const rows = await sql.all<{ topic: string; epoch: number }>('SELECT topic, epoch FROM change_epochs')
  return new Map(rows.map(({ topic, epoch }) => [topic, epoch]))
}
