import type { Sql, Trx, Value } from './db.ts'
import { integer, json, type NewRow, nullable, type RowOf, type StoredRow, table, text, word } from './table.ts'

export type AuditOutcome = 'success' | 'failure'

const auditLogs = table(
  'audit_logs',
  {
    id: text,
    /** The order that counts; null until the sealer has seen the row. */
    seq: nullable(integer),
    occurredAt: integer,
    eventType: text,
    outcome: word<AuditOutcome>(),
    userId: nullable(text),
    email: nullable(text),
    ip: nullable(text),
    userAgent: nullable(text),
    sessionId: nullable(text),
    requestId: nullable(text),
    actor: text,
    /** What stays when the user is erased. */
    metadata: json<Readonly<Record<string, unknown>>>(),
    /** What does not. Null: the row is older than this column, and all of its metadata counts as personal. */
    personal: nullable(json<Readonly<Record<string, unknown>>>()),
  },
  { defaulted: ['seq'] },
)

export type AuditLog = RowOf<typeof auditLogs>

export interface AuditFilter {
  /** `session.*`, `user.authenticated`: a star stands for anything. */
  events?: string[] | undefined
  outcome?: AuditOutcome | undefined
  userId?: string | undefined
  email?: string | undefined
  actor?: string | undefined
  requestId?: string | undefined
  since?: number | undefined
  until?: number | undefined
  /** A star stands for anything. */
  ip?: string | undefined
  /** Not before, and not beyond these numbers. */
  fromSeq?: number | undefined
  upToSeq?: number | undefined
}

export async function insertAuditLog(trx: Trx, log: NewRow<typeof auditLogs>): Promise<void> {
  trx.send(auditLogs.insert, auditLogs.values(log))
}

/** Numbers at most `limit` rows that have no number, from `from + 1` on, and returns how many. The caller has locked the head. */
export async function sealAuditLogs(trx: Trx, input: { from: number; limit: number }): Promise<number> {
  return await trx.run(
    `UPDATE audit_logs SET seq = numbered.seq FROM
       (SELECT id, ? + row_number() OVER (ORDER BY id) AS seq FROM
         (SELECT id FROM audit_logs WHERE seq IS NULL ORDER BY id LIMIT ?) AS unsealed) AS numbered
     WHERE audit_logs.id = numbered.id`,
    [input.from, input.limit],
  )
}

/**
 * Blanks what is personal in at most `limit` rows after an id. Returns the id of the last row if there may be more, and
 * the addresses in the rows: the user's own, and those that they only entered. The row of a deletion keeps which operator deleted the user, from where and why.
 */
export async function eraseAuditLogs(
  trx: Trx,
  { kind, subject, afterId, limit }: { kind: 'user' | 'email'; subject: string; afterId: string; limit: number },
): Promise<{ moreAfter: string | undefined; emails: string[]; requested: string[] }> {
  // Where an operator acted from says nothing of the user. An app's backend states where its user is.
  const byOperator = `(actor LIKE 'cli:%' OR actor LIKE 'api-key:%' AND event_type = 'user.deleted')`
  const isOf = kind === 'user' ? 'user_id = ?' : 'user_id IS NULL AND email = ?'
  const rows = await trx.all<{ id: string; email: string | null; personal: string | null }>(
    `SELECT id, email, personal FROM audit_logs WHERE ${isOf} AND id > ? ORDER BY id LIMIT ?`,
    [subject, afterId, limit],
  )
  const lastId = rows.at(-1)?.id
  if (lastId === undefined) return { moreAfter: undefined, emails: [], requested: [] }
  trx.send(
    `UPDATE audit_logs SET email = NULL,
       personal = CASE WHEN event_type = 'user.deleted' THEN personal ELSE '{}' END,
       ip = CASE WHEN ${byOperator} THEN ip END,
       user_agent = CASE WHEN ${byOperator} THEN user_agent END,
       metadata = CASE WHEN personal IS NULL AND event_type <> 'user.deleted' THEN '{}' ELSE metadata END
     WHERE ${isOf} AND id > ? AND id <= ?`,
    [subject, afterId, lastId],
  )
  const emails = new Set(rows.flatMap(({ email }) => email ?? []))
  const requested = new Set(rows.flatMap(({ personal }) => requestedIn(personal)))
  return { moreAfter: rows.length === limit ? lastId : undefined, emails: [...emails], requested: [...requested] }
}

function requestedIn(personal: string | null): string[] {
  const { requested_email: address } = JSON.parse(personal ?? '{}') as Record<string, unknown>
  return typeof address === 'string' ? [address] : []
}

export async function hasUnsealedAuditLogs(sql: Sql): Promise<boolean> {
  return (await sql.one('SELECT 1 FROM audit_logs WHERE seq IS NULL LIMIT 1')) !== undefined
}

/** In the log's order, after that number. */
export async function listAuditLogsAfter(
  sql: Sql,
  filter: AuditFilter,
  page: { after: number; limit: number },
): Promise<AuditLog[]> {
  const { where, values } = conditions(filter)
  const rows = await sql.all<StoredRow>(
    `SELECT ${auditLogs.columns} FROM audit_logs WHERE seq > ?${where} ORDER BY seq LIMIT ?`,
    [page.after, ...values, page.limit],
  )
  return rows.map(auditLogs.read)
}

export async function findAuditLogBySeq(sql: Sql, seq: number): Promise<AuditLog | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${auditLogs.columns} FROM audit_logs WHERE seq = ?`, [seq])
  return auditLogs.readOne(row)
}

/** The last ones, in the log's order. */
export async function listLastAuditLogs(sql: Sql, filter: AuditFilter, limit: number): Promise<AuditLog[]> {
  const { where, values } = conditions(filter)
  const rows = await sql.all<StoredRow>(
    `SELECT ${auditLogs.columns} FROM audit_logs WHERE seq IS NOT NULL${where} ORDER BY seq DESC LIMIT ?`,
    [...values, limit],
  )
  return rows.map(auditLogs.read).reverse()
}

export async function findAuditLog(sql: Sql, id: string): Promise<AuditLog | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${auditLogs.columns} FROM audit_logs WHERE id = ? AND seq IS NOT NULL`, [
    id,
  ])
  return auditLogs.readOne(row)
}

/** What one request led to; `firstId` and `beforeId` are the time to look in. */
export async function listAuditLogsOfRequest(
  sql: Sql,
  { requestId, firstId, beforeId }: { requestId: string; firstId: string; beforeId: string },
): Promise<AuditLog[]> {
  const rows = await sql.all<StoredRow>(
    `SELECT ${auditLogs.columns} FROM audit_logs WHERE id >= ? AND id < ? AND request_id = ? AND seq IS NOT NULL ORDER BY id LIMIT 100`,
    [firstId, beforeId, requestId],
  )
  return rows.map(auditLogs.read)
}

export async function countFailures(sql: Sql, { userId, since }: { userId: string; since: number }): Promise<number> {
  const row = await sql.one<{ n: number }>(
    "SELECT count(*) AS n FROM audit_logs WHERE user_id = ? AND outcome = 'failure' AND occurred_at >= ?",
    [userId, since],
  )
  return Number(row?.n ?? 0)
}

export async function findLastAuditSeq(sql: Sql): Promise<number> {
  const row = await sql.one<{ seq: number | null }>('SELECT max(seq) AS seq FROM audit_logs')
  return row?.seq ?? 0
}

export async function findFirstAuditSeq(sql: Sql): Promise<number> {
  const row = await sql.one<{ seq: number | null }>('SELECT min(seq) AS seq FROM audit_logs')
  return row?.seq ?? 1
}

/** The number of the first row that was made with this id or a later one. */
export async function findAuditSeqFrom(sql: Sql, id: string): Promise<number | undefined> {
  const row = await sql.one<{ seq: number }>(
    'SELECT seq FROM audit_logs WHERE id >= ? AND seq IS NOT NULL ORDER BY id LIMIT 1',
    [id],
  )
  return row?.seq
}

/** Deletes the oldest rows, in the log's order: at most `limit`, up to the first that has this id or a later one. */
export async function deleteAuditLogsBefore(trx: Trx, beforeId: string, limit: number): Promise<number> {
  const end = (await findAuditSeqFrom(trx, beforeId)) ?? Number.MAX_SAFE_INTEGER
  return await trx.run(
    'DELETE FROM audit_logs WHERE seq IN (SELECT seq FROM audit_logs WHERE seq < ? ORDER BY seq LIMIT ?)',
    [end, limit],
  )
}

function conditions(filter: AuditFilter): { where: string; values: Value[] } {
  const parts: string[] = []
  const values: Value[] = []
  const add = (text: string, ...more: Value[]) => {
    parts.push(` AND ${text}`)
    values.push(...more)
  }
  if (filter.events && filter.events.length > 0) {
    add(`(${filter.events.map(() => "event_type LIKE ? ESCAPE '\\'").join(' OR ')})`, ...filter.events.map(likeOf))
  }
  if (filter.outcome) add('outcome = ?', filter.outcome)
  if (filter.userId) add('user_id = ?', filter.userId)
  if (filter.email) add('email = ?', filter.email)
  if (filter.actor) add("actor LIKE ? ESCAPE '\\'", likeOf(filter.actor))
  if (filter.ip) add("ip LIKE ? ESCAPE '\\'", likeOf(filter.ip))
  if (filter.requestId) add('request_id = ?', filter.requestId)
  if (filter.since !== undefined) add('occurred_at >= ?', filter.since)
  if (filter.fromSeq !== undefined) add('seq >= ?', filter.fromSeq)
  if (filter.upToSeq !== undefined) add('seq <= ?', filter.upToSeq)
  if (filter.until !== undefined) add('occurred_at < ?', filter.until)
  return { where: parts.join(''), values }
}

function likeOf(glob: string): string {
  return glob.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%')
}
