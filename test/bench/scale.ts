import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import type { Db, Trx } from '../../src/store/db.ts'
import { openConnection } from './client.ts'
import { type Figures, measure } from './measure.ts'
import { startAuthdTarget, type Target } from './target.ts'
import { signIn, UNITS, withConnection } from './units.ts'

/** Each table that grows, and what differs from row to row: SQL of the row's number, as `?n` or with leading zeros as `?id`. */
const GROWING: Record<string, Record<string, string>> = {
  users: { id: "'usr_' || ?id", email: "'scale-' || ?n || '@example.com'", webauthn_user_id: 'NULL' },
  sessions: { id: "'ses_' || ?id", user_id: "'usr_' || ?id", secret_digest: "'scale-' || ?n" },
  devices: { user_id: "'usr_' || ?id", device_digest: "'scale-' || ?n" },
  audit_logs: { id: "'evt_' || ?id", seq: '?n - 1000000000', user_id: "'usr_' || ?id" },
  outbox: { id: "'mail_' || ?id", recipient: "'scale-' || ?n || '@example.com'" },
  outbox_tries: { outbox_id: "'mail_' || ?id" },
  rate_limits: { subject: "'scale-' || ?n" },
}

const BATCH = 20_000
const YEAR = 31_536_000_000

/** Multiplies a row of each table that grows. A user has signed in before, so each has one. */
async function fillTo(db: Db, count: number): Promise<void> {
  // Sign-ins for tokens leave no known device.
  await db.write((trx) =>
    trx.run(`INSERT INTO devices SELECT id, 'bench', created_at, created_at + ${YEAR} FROM users`),
  )
  for (const [table, differing] of Object.entries(GROWING)) {
    const row = await db.read((sql) => sql.one<Record<string, unknown>>(`SELECT * FROM ${table} LIMIT 1`, []))
    if (row === undefined) throw new Error(`${table} has no row to multiply`)
    for (let from = 1; from <= count; from += BATCH) {
      await db.write((trx) =>
        multiply(trx, { dialect: db.dialect, table, row, differing }, from, Math.min(count, from + BATCH - 1)),
      )
    }
  }
  // As a database that has run for a while: the planner knows its tables.
  await db.write((trx) => trx.run('ANALYZE'))
}

interface Multiplied {
  dialect: Db['dialect']
  table: string
  row: Record<string, unknown>
  differing: Record<string, string>
}

async function multiply(
  trx: Trx,
  { dialect, table, row, differing }: Multiplied,
  from: number,
  to: number,
): Promise<void> {
  const id = dialect === 'sqlite' ? "printf('%026d', n)" : "lpad(n::text, 26, '0')"
  const values = Object.entries(row).map(
    ([column, value]) => differing[column]?.replaceAll('?id', id).replaceAll('?n', 'n') ?? literal(value),
  )
  await trx.run(
    `WITH RECURSIVE numbers(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${to})
     INSERT INTO ${table} (${Object.keys(row).join(', ')}) SELECT ${values.join(', ')} FROM numbers`,
    [],
  )
}

function literal(value: unknown): string {
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
}

export interface Scaled {
  count: number
  /** A PostgreSQL on which databases may be made; without it SQLite. */
  postgres?: string | undefined
  unit?: string | undefined
  milliseconds: number
}

const FEW = 1000
const ROUNDS = 3

/** Prints each unit's speed with many users beside that with few, and how long others wait for what operators do. */
export async function compareScales({ count, postgres, unit, milliseconds }: Scaled): Promise<void> {
  const few = await scaledTarget('few', Math.min(FEW, count), postgres)
  const many = await scaledTarget('many', count, postgres)
  try {
    console.log('unit                      at once  few ops/s many ops/s   × few    CPU × few')
    for (const { name, prepare } of UNITS) {
      if (unit !== undefined && unit !== name) continue
      for (const concurrency of [1, 32]) {
        const load = { concurrency, milliseconds }
        const figures: { few: Figures; many: Figures }[] = []
        // In turns, so that other load on the machine affects both equally.
        for (let round = 0; round < ROUNDS; round += 1) {
          figures.push({
            few: await measure(await prepare(few, load), { ...few, ...load }),
            many: await measure(await prepare(many, load), { ...many, ...load }),
          })
        }
        const cells = [
          concurrency,
          median(figures.map((pair) => pair.few.perSecond)).toFixed(0),
          median(figures.map((pair) => pair.many.perSecond)).toFixed(0),
          median(figures.map((pair) => pair.many.perSecond / pair.few.perSecond)).toFixed(2),
          median(figures.map((pair) => pair.many.cpuMicros / pair.few.cpuMicros)).toFixed(2),
        ]
        console.log(name.padEnd(24) + cells.map((cell) => String(cell).padStart(10)).join(''))
      }
    }
    if (unit === undefined || unit === 'waits') await showWaits(many)
  } finally {
    await few.stop()
    await many.stop()
  }
}

async function scaledTarget(name: string, count: number, postgres: string | undefined): Promise<Target> {
  const url = postgres === undefined ? undefined : await emptyDatabase(postgres, `authd_bench_${name}`)
  const target = await startAuthdTarget({ mayBeBuilt: true, ...(url !== undefined && { url }) })
  await withConnection(target, (connection) => signIn(target, connection))
  const startedAt = performance.now()
  const db = await target.openDatabase()
  await fillTo(db, count)
  await db.close()
  console.log(`filled ${count} in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  return target
}

async function emptyDatabase(postgres: string, name: string): Promise<string> {
  const client = new Client({ connectionString: postgres })
  await client.connect()
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  return Object.assign(new URL(postgres), { pathname: `/${name}` }).href
}

/** Somebody checks a session a hundred times a second while operators work. Prints the longest of these waits. */
async function showWaits(target: Target): Promise<void> {
  const created = await target.command('api-keys', 'create', '--name', 'bench', '--role', 'admin', '--json')
  const { secret: key } = JSON.parse(created)
  const get = (path: string) => async () => {
    const connection = await openConnection(target.port)
    const { status } = await connection.call('GET', path, { bearer: key })
    connection.close()
    if (status !== 200) throw new Error(`${path}: ${status}`)
  }
  const run = (...args: string[]) => ({ name: `authd ${args.join(' ')}`, act: () => target.command(...args) })
  const acts = [
    ...['/metrics', '/admin/users', '/admin/users?q=scale-99', '/admin/audit', '/admin/stats'].map((path) => ({
      name: `GET ${path}`,
      act: get(path),
    })),
    run('status'),
    run('stats', '--since', '30d'),
    run('users', 'show', 'scale-77@example.com'),
    run('explain', 'scale-77@example.com'),
    run('users', 'list', '--limit', '50'),
    run('audit', 'list', '--limit', '50'),
    run('lockdown', 'on', '--confirm=lockdown'),
    run('lockdown', 'off', '--yes'),
    { name: 'a minute of jobs alone', act: () => wait(60_000) },
  ]
  console.log('\nact                                          its own ms   others waited at most ms')
  for (const { name, act } of acts) {
    const others = watchOthers(target)
    const startedAt = performance.now()
    await act()
    const own = performance.now() - startedAt
    console.log(name.padEnd(45) + own.toFixed(0).padStart(10) + (await others()).toFixed(1).padStart(27))
  }
}

/** Answers a function that ends the watch and gives the longest wait in milliseconds. */
function watchOthers({ port }: Target): () => Promise<number> {
  let longest = 0
  let isOver = false
  const watch = async () => {
    const connection = await openConnection(port)
    while (!isOver) {
      const startedAt = performance.now()
      await connection.call('GET', '/v1/session', { bearer: 'none' })
      longest = Math.max(longest, performance.now() - startedAt)
      await wait(10)
    }
    connection.close()
  }
  const watching = watch()
  return async () => {
    isOver = true
    await watching
    return longest
  }
}

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}
