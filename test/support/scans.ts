import type { Db, Sql, Trx, Value } from '../../src/store/db.ts'

/** Tables that stay small, whatever the number of users. A statement may read all of any of them. */
const SMALL = new Set([
  'api_keys',
  'audit_head',
  'change_epochs',
  'clock_steps',
  'ip_filters',
  'leases',
  'schema_migrations',
  'signing_keys',
  'system_config',
  'webhook_endpoints',
])

export interface ScanWatch {
  db: Db
  /** The scans of growing tables so far, one line each. */
  scans(): Promise<string[]>
}

/** A database that remembers its statements, so that the database can be asked how it runs them. */
export function watchScans(db: Db): ScanWatch {
  const seen = new Set<string>()
  const note = (text: string) => {
    if (/^\s*(SELECT|UPDATE|DELETE)/i.test(text)) seen.add(text)
  }
  const sqlOf = <Kind extends Sql>(sql: Kind): Kind => ({
    ...sql,
    one: (text: string, values?: Value[]) => {
      note(text)
      return sql.one(text, values)
    },
    all: (text: string, values?: Value[]) => {
      note(text)
      return sql.all(text, values)
    },
  })
  const trxOf = (trx: Trx): Trx => ({
    ...sqlOf(trx),
    run: (text, values) => {
      note(text)
      return trx.run(text, values)
    },
    send: (text, values) => {
      note(text)
      trx.send(text, values)
    },
  })
  return {
    db: {
      ...db,
      read: (work) => db.read((sql) => work(sqlOf(sql))),
      write: (unit) => db.write((trx) => unit(trxOf(trx))),
    },
    async scans() {
      const found: string[] = []
      for (const text of seen) {
        for (const table of await growingTablesScanned(db, text))
          found.push(`${db.dialect} scans ${table}: ${text.replace(/\s+/g, ' ').trim()}`)
      }
      return found
    },
  }
}

/** The tables of which a statement reads every row, without those that stay small. */
export async function growingTablesScanned(db: Db, text: string): Promise<string[]> {
  const tables = await tablesOf(db)
  const scanned = db.dialect === 'sqlite' ? await scannedBySqlite(db, text) : await scannedByPostgres(db, text)
  return scanned.filter((table) => tables.has(table) && !SMALL.has(table))
}

/** Subqueries and json_each appear in plans like tables. */
async function tablesOf(db: Db): Promise<Set<string>> {
  const text =
    db.dialect === 'sqlite'
      ? "SELECT name FROM sqlite_schema WHERE type = 'table'"
      : 'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()'
  const rows = await db.read((sql) => sql.all<{ name: string }>(text))
  return new Set(rows.map(({ name }) => name))
}

async function scannedBySqlite(db: Db, text: string): Promise<string[]> {
  const nulls = nullsFor(text)
  const rows = await db.read((sql) => sql.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, nulls))
  // A partial index of rows that wait or failed is as small as they are few.
  return rows.flatMap(({ detail }) => /^SCAN (\w+)\b(?! USING (?:COVERING )?INDEX outbox_)/.exec(detail)?.[1] ?? [])
}

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Cond'?: string
  Plans?: Plan[]
}

/** PostgreSQL reads a small table whole even if it has an index. Without that choice, it shows whether it has one. */
async function scannedByPostgres(db: Db, text: string): Promise<string[]> {
  const values = nullsFor(text)
  const rows = await db.write(async (trx) => {
    await trx.run('SET LOCAL enable_seqscan = off')
    await trx.run('SET LOCAL plan_cache_mode = force_generic_plan')
    return await trx.all<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`EXPLAIN (FORMAT JSON) ${text}`, values)
  })
  return rows.flatMap((row) => seqScans(row['QUERY PLAN'][0].Plan))
}

function nullsFor(text: string): null[] {
  return Array.from({ length: text.split('?').length - 1 }, () => null)
}

function seqScans(plan: Plan): string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? '?'] : []
  return [...own, ...(plan.Plans ?? []).flatMap(seqScans)]
}
