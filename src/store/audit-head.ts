import { forUpdate, type Sql, type Trx } from './db.ts'

/** Returns the last number, and locks the row, so that one process numbers events at a time. */
export async function lockAuditHead(trx: Trx): Promise<number> {
  const row = await trx.one<{ seq: number }>(`SELECT seq FROM audit_head WHERE id = 1${forUpdate(trx)}`)
  if (!row) throw new Error('audit_head has no row')
  return row.seq
}

/** Like lockAuditHead, without the lock. */
export async function findAuditHead(sql: Sql): Promise<number> {
  return (await sql.one<{ seq: number }>('SELECT seq FROM audit_head WHERE id = 1'))?.seq ?? 0
}

/** Moves on only from where the sealer saw it. */
export async function moveAuditHead(trx: Trx, input: { from: number; to: number }): Promise<boolean> {
  return (await trx.run('UPDATE audit_head SET seq = ? WHERE id = 1 AND seq = ?', [input.to, input.from])) === 1
}

/** Later events get numbers above this one. */
export async function raiseAuditHead(trx: Trx, seq: number): Promise<void> {
  trx.send('UPDATE audit_head SET seq = ? WHERE id = 1 AND seq < ?', [seq, seq])
}
