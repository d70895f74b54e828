import type { Db, Trx, Value } from '../../src/store/db.ts'
import { insertSession } from '../../src/store/sessions.ts'
import { insertSigninAttempt, renewSigninMail } from '../../src/store/signin-attempts.ts'
import { insertUser } from '../../src/store/users.ts'

/** The time of a test of the store. */
export const NOW = 1000
/** When its rows end. */
export const LATER = 10_000

/** An open attempt whose mail was sent at NOW. */
export async function addAttempt(db: Db, id: string): Promise<void> {
  const who = { email: 'ada@example.com', emailTyped: 'ada@example.com', ip: null, userAgent: null }
  const where = {
    purpose: 'signin',
    boundTo: null,
    userId: null,
    deliver: 'tokens',
    redirectTo: null,
    linkTo: null,
    lang: 'en',
  } as const
  await db.write(async (trx) => {
    await insertSigninAttempt(trx, { id, secretDigest: '', ...who, ...where, createdAt: 0, expiresAt: LATER })
    await renewSigninMail(trx, {
      id,
      now: NOW,
      notSince: 0,
      expiresAt: LATER,
      linkDigest: 'link',
      codeMac: 'mac',
      codeKind: 'short',
    })
  })
}

export async function addUser(db: Db, id: string): Promise<void> {
  const email = `${id}@example.com`
  await db.write((trx) =>
    insertUser(trx, { id, email, emailTyped: email, name: null, emailVerifiedAt: null, createdAt: 0 }),
  )
}

/** A live session that hands over tokens, and its user. */
export async function addSession(db: Db, id: string): Promise<void> {
  await addUser(db, `usr_of_${id}`)
  const times = { authTime: 0, createdAt: 0, lastSeenAt: 0, refreshedAt: 0, idleExpiresAt: LATER, expiresAt: LATER }
  const from = { ip: null, userAgent: null, delivery: 'tokens', secretDigest: null, refreshSalt: 'salt' } as const
  await db.write((trx) =>
    insertSession(trx, {
      id,
      userId: `usr_of_${id}`,
      amr: ['email'],
      aal: 1,
      isEnrolmentDue: false,
      generation: 0,
      epoch: 0,
      ...times,
      ...from,
    }),
  )
}

/** A statement of one row, and how a row is made that it changes. */
export interface Statement {
  table: string
  /** The column of the row's id. */
  key?: string
  add: (db: Db, id: string) => Promise<void>
  run: (trx: Trx, id: string) => Promise<unknown>
}

/** Makes a row for each fault, and one without, and runs the statement on it. Returns which of them it changed. */
export async function changedBy(
  { table, key = 'id', add, run }: Statement,
  db: Db,
  faults: Record<string, string>,
): Promise<string[]> {
  const changed: string[] = []
  for (const [name, fault] of Object.entries({ 'has no fault': `${key} = ${key}`, ...faults })) {
    const id = name.replaceAll(' ', '_')
    await add(db, id)
    const result = await db.write(async (trx) => {
      await trx.run(`UPDATE ${table} SET ${fault} WHERE ${key} = ?`, [id])
      return await run(trx, id)
    })
    if (result !== undefined && result !== false) changed.push(name)
  }
  return changed
}

type Columns = Record<string, Value>

/** Adds rows with these columns in common. */
export async function addRows(db: Db, table: string, common: Columns, rows: Columns[]): Promise<void> {
  await db.write(async (trx) => {
    for (const differing of rows) {
      const row = { ...common, ...differing }
      const places = Object.keys(row).map(() => '?')
      const text = `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${places.join(', ')})`
      await trx.run(text, Object.values(row))
    }
  })
}

/** The ids of the rows that a unit has changed or deleted, in order. */
export async function touchedBy(
  db: Db,
  { table, key = 'id' }: Pick<Statement, 'table' | 'key'>,
  run: (trx: Trx) => Promise<unknown>,
): Promise<string[]> {
  const rows = async () => {
    const all = await db.read((sql) => sql.all<Record<string, string>>(`SELECT * FROM ${table}`))
    return new Map(all.map((row) => [row[key] ?? '', JSON.stringify(row)]))
  }
  const before = await rows()
  await db.write(run)
  const after = await rows()
  return [...before].flatMap(([id, row]) => (after.get(id) === row ? [] : [id])).sort()
}

/** Rows of one statement. */
const BATCH = 2000

/**
 * Adds a table's first row again, once for each number. `differing` is SQL of the number `n` for the columns that differ;
 * `?digits` are 16 digits of it, and `?self` is the value of the first row.
 */
export async function multiplyRow(
  db: Db,
  table: string,
  { differing, from = 1, to }: { differing: Record<string, string>; from?: number; to: number },
): Promise<void> {
  const row = await db.read((sql) => sql.one<Record<string, unknown>>(`SELECT * FROM ${table} LIMIT 1`))
  if (row === undefined) throw new Error(`${table} has no row to multiply`)
  const digits = db.dialect === 'sqlite' ? "printf('%016d', n)" : "lpad(n::text, 16, '0')"
  const values = Object.entries(row).map(
    ([column, value]) =>
      differing[column]?.replaceAll('?digits', digits).replaceAll('?self', literal(value)) ?? literal(value),
  )
  for (let first = from; first <= to; first += BATCH) {
    const last = Math.min(to, first + BATCH - 1)
    await db.write((trx) =>
      trx.run(
        `WITH RECURSIVE numbers(n) AS (SELECT ${first} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${last})
         INSERT INTO ${table} (${Object.keys(row).join(', ')}) SELECT ${values.join(', ')} FROM numbers`,
      ),
    )
  }
}

function literal(value: unknown): string {
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
}
