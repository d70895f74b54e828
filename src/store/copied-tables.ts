import type { Dialect, Sql, Trx, Value } from './db.ts'

/** A table whose rows belong to the data of authd, so that a copy of the database has them. */
export interface CopiedTable {
  name: string
  /** The primary key. */
  key: readonly string[]
  /** Other columns whose values are unique together. */
  unique?: readonly string[]
  /** The column that names a row of an earlier table, without which no row can be. */
  parent?: { column: string; table: string }
  /** Says in SQL which rows belong to this one database. */
  own?: string
}

/** The keys of system_config about copies begin so. They belong to one database. */
const COPY_PREFIX = 'copy.'

const OF_USER = { column: 'user_id', table: 'users' }

/** All of them. Parents come before their children. */
export const COPIED_TABLES: readonly CopiedTable[] = [
  { name: 'system_config', key: ['key'], own: `key LIKE '${COPY_PREFIX}%'` },
  { name: 'change_epochs', key: ['topic'] },
  { name: 'signing_keys', key: ['kid'] },
  { name: 'users', key: ['id'], unique: ['email'] },
  { name: 'devices', key: ['user_id', 'device_digest'], parent: OF_USER },
  { name: 'passkeys', key: ['id'], unique: ['credential_id'], parent: OF_USER },
  { name: 'totp_secrets', key: ['user_id'], parent: OF_USER },
  { name: 'recovery_codes', key: ['id'], parent: OF_USER },
  { name: 'recovery_links', key: ['id'], parent: OF_USER },
  { name: 'invitations', key: ['id'], parent: OF_USER },
  { name: 'email_changes', key: ['id'], parent: OF_USER },
  { name: 'sessions', key: ['id'], parent: OF_USER },
  { name: 'signin_attempts', key: ['id'] },
  { name: 'passkey_challenges', key: ['id'] },
  { name: 'answers', key: ['id'] },
  { name: 'api_keys', key: ['id'] },
  { name: 'ip_filters', key: ['id'], unique: ['cidr', 'action', 'scope'] },
  { name: 'rate_limits', key: ['policy', 'subject'] },
  { name: 'failed_attempts', key: ['kind', 'subject'] },
  { name: 'mail_suppressions', key: ['address'] },
  { name: 'webhook_endpoints', key: ['id'] },
  { name: 'outbox', key: ['id'] },
  { name: 'outbox_tries', key: ['outbox_id', 'number'], parent: { column: 'outbox_id', table: 'outbox' } },
  { name: 'audit_logs', key: ['id'], unique: ['seq'] },
  { name: 'audit_erasures', key: ['kind', 'subject'] },
  { name: 'audit_head', key: ['id'] },
]

/** Tables of authd that a copy fills by itself: leases end with their daemons. */
export const OWN_TABLES: readonly string[] = ['leases', 'schema_migrations']

export type CopiedRow = Record<string, Value>

const COLUMNS: Record<Dialect, string> = {
  sqlite: `SELECT tables.name AS "table", columns.name AS "column"
    FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
    WHERE tables.type IN ('table', 'view') AND tables.name NOT LIKE 'sqlite_%' ORDER BY tables.name, columns.cid`,
  // What belongs to an extension is nobody's data.
  postgres: `SELECT c.relname AS "table", a.attname AS "column"
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = current_schema()
      LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (SELECT 1 FROM pg_depend AS d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname, a.attnum`,
}

/** The columns of each table and view that the database has, also of those that are not authd's. */
export async function listColumns(sql: Sql): Promise<Map<string, string[]>> {
  const rows = await sql.all<{ table: string; column: string }>(COLUMNS[sql.dialect])
  const grouped = Map.groupBy(rows, ({ table }) => table)
  return new Map([...grouped].map(([table, found]) => [table, found.map(({ column }) => column)]))
}

/** The next rows, in the order of the primary key, which is another one in each database. */
export async function listCopied(
  sql: Sql,
  { name, key, own }: CopiedTable,
  { columns, after, limit }: { columns: readonly string[]; after: CopiedRow | undefined; limit: number },
): Promise<CopiedRow[]> {
  const conditions = [
    ...(after === undefined ? [] : [`(${key.join(', ')}) > (${placesOf(key)})`]),
    ...(own === undefined ? [] : [`NOT (${own})`]),
  ]
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  return await sql.all<CopiedRow>(
    `SELECT ${columns.join(', ')} FROM ${name}${where} ORDER BY ${key.join(', ')} LIMIT ?`,
    [...(after === undefined ? [] : valuesOf(after, key)), limit],
  )
}

/** The rows with the same keys, in the order of those given. Undefined for each that is missing. */
export async function findCopied(
  sql: Sql,
  { name, key }: Pick<CopiedTable, 'name' | 'key'>,
  { columns, rows }: { columns: readonly string[]; rows: readonly CopiedRow[] },
): Promise<(CopiedRow | undefined)[]> {
  const parts = inParts(rows).map((part) => {
    const { text, values } = areAmong(sql, key, part)
    return sql.all<CopiedRow>(`SELECT ${columns.join(', ')} FROM ${name} WHERE ${text}`, values)
  })
  const keyOf = (row: CopiedRow) => JSON.stringify(valuesOf(row, key))
  const found = new Map((await Promise.all(parts)).flat().map((row) => [keyOf(row), row]))
  return rows.map((row) => found.get(keyOf(row)))
}

/** Writes the rows, in place of those with their keys, and of others that have their unique values. */
export async function putCopied(
  trx: Trx,
  { name, key, unique }: CopiedTable,
  { columns, rows }: { columns: readonly string[]; rows: readonly CopiedRow[] },
): Promise<void> {
  // Two rows may have exchanged their values, so all are deleted before one is written.
  for (const part of unique === undefined ? [] : inParts(rows.filter((row) => isWhole(row, unique)))) {
    const taken = areAmong(trx, unique ?? [], part)
    const same = areAmong(trx, [...(unique ?? []), ...key], part)
    trx.send(`DELETE FROM ${name} WHERE ${taken.text} AND NOT (${same.text})`, [...taken.values, ...same.values])
  }
  const others = columns.filter((column) => !key.includes(column))
  const updates = others.map((column) => `${column} = excluded.${column}`).join(', ')
  for (const part of inParts(rows)) {
    const places = part.map(() => `(${placesOf(columns)})`).join(', ')
    trx.send(
      `INSERT INTO ${name} (${columns.join(', ')}) VALUES ${places}
       ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${updates}`,
      part.flatMap((row) => valuesOf(row, columns)),
    )
  }
}

export async function deleteCopied(
  trx: Trx,
  { name, key }: Pick<CopiedTable, 'name' | 'key'>,
  rows: readonly CopiedRow[],
): Promise<void> {
  for (const part of inParts(rows)) {
    const { text, values } = areAmong(trx, key, part)
    trx.send(`DELETE FROM ${name} WHERE ${text}`, values)
  }
}

/** Rows of one statement: few lengths, so that few statements are prepared. */
const PART = 50

function inParts(rows: readonly CopiedRow[]): CopiedRow[][] {
  const parts: CopiedRow[][] = []
  for (let at = 0; at < rows.length; at += PART) parts.push(rows.slice(at, at + PART))
  return parts
}

/** The condition that columns have the values of one of the rows. */
function areAmong({ dialect }: Sql, columns: readonly string[], rows: CopiedRow[]): { text: string; values: Value[] } {
  const isOne = columns.length === 1
  const row = isOne ? '?' : `(${placesOf(columns)})`
  const list = rows.map(() => row).join(', ')
  const set = isOne || dialect === 'postgres' ? list : `VALUES ${list}`
  return {
    text: `(${columns.join(', ')}) IN (${set})`,
    values: rows.flatMap((each) => valuesOf(each, columns)),
  }
}

function isWhole(row: CopiedRow, columns: readonly string[]): boolean {
  return columns.every((column) => row[column] !== null)
}

function placesOf(columns: readonly string[]): string {
  return columns.map(() => '?').join(', ')
}

function valuesOf(row: CopiedRow, columns: readonly string[]): Value[] {
  return columns.map((column) => row[column] ?? null)
}
