import type { Sql, Trx } from './db.ts'
import { type RowOf, type StoredRow, table, text, word } from './table.ts'

/** Rows of the audit log that are still to be erased: of a deleted user, or of an address without a user. */
const auditErasures = table('audit_erasures', {
  kind: word<'user' | 'email'>(),
  subject: text,
  /** All rows up to this id are done. */
  afterId: text,
})

export type AuditErasure = RowOf<typeof auditErasures>

/** Remembers how far an erasure got. */
export async function keepAuditErasure(trx: Trx, erasure: AuditErasure): Promise<void> {
  trx.send(
    `${auditErasures.insert} ON CONFLICT (kind, subject) DO UPDATE SET after_id = excluded.after_id`,
    auditErasures.values(erasure),
  )
}

export async function findAuditErasure(sql: Sql): Promise<AuditErasure | undefined> {
  const row = await sql.one<StoredRow>(
    `SELECT ${auditErasures.columns} FROM audit_erasures ORDER BY kind, subject LIMIT 1`,
  )
  return auditErasures.readOne(row)
}

export async function deleteAuditErasure(trx: Trx, { kind, subject }: AuditErasure): Promise<void> {
  trx.send('DELETE FROM audit_erasures WHERE kind = ? AND subject = ?', [kind, subject])
}
