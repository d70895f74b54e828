import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'

/**
 * Plays pg_dump or pg_restore: name, file to record calls in, what fails (`reading`, `ending` or a section), then the tool's arguments. Its dump is
 * the text that `pg_restore --data-only` prints, of three tables. Before the data it makes the tables, and it restores no data.
 */
const [name, log = '', failing, ...args] = process.argv.slice(2)
appendFileSync(log, `${JSON.stringify({ name, args, env: process.env })}\n`)
const flagValue = (flag: string) => args.find((arg) => arg.startsWith(flag))?.slice(flag.length) ?? ''
// Until it is killed.
if (failing === 'ending') setInterval(() => {}, 3_600_000)
const isReading = name === 'pg_restore' && flagValue('--file=') === '-'
if (failing === 'reading' ? isReading : args.includes(`--section=${failing}`)) {
  console.error(`pg_restore: error: ${isReading ? 'unexpected end of file' : 'no space left on device'}`)
  process.exit(1)
}
if (failing === 'ending') writeFileSync(flagValue('--file='), 'the first half')
else if (name === 'pg_dump') writeFileSync(flagValue('--file='), await dump())
else if (isReading) process.stdout.write(readFileSync(args.at(-1) ?? ''))
else if (args.includes('--section=pre-data')) makeTables(/'(.*)'/.exec(flagValue('--dbname='))?.[1] ?? '')

async function dump(): Promise<string> {
  // It reads the variables that libpq reads.
  const client = new Client({ ssl: false })
  await client.connect()
  const columns = { schema_migrations: ['id'], system_config: ['key', 'value'], users: ['id'] }
  const texts: string[] = []
  for (const [table, names] of Object.entries(columns)) {
    const { rows } = await client.query({ text: `SELECT ${names.join(', ')} FROM ${table}`, rowMode: 'array' })
    const lines = rows.map((row: string[]) => `${row.join('\t')}\n`)
    texts.push(`COPY public.${table} (${names.join(', ')}) FROM stdin;\n${lines.join('')}\\.\n`)
  }
  await client.end()
  return texts.join('\n')
}

function makeTables(database: string): void {
  const { PGHOST = '', PGUSER = '' } = process.env
  const url = `postgres://${PGUSER}@localhost/${database}?host=${encodeURIComponent(PGHOST)}`
  const env = { AUTHD_DATABASE_URL: url, AUTHD_DATA_DIR: join(log, '..') }
  const program = join(import.meta.dirname, '../../bin/authd.js')
  spawnSync(process.execPath, [program, 'migrate', 'up'], { env, cwd: join(log, '..'), stdio: 'inherit' })
}
