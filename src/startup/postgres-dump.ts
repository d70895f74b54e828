import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { libpqEnvironment } from '../platform/net/postgres-tool-environment.ts'
import { parsePostgresUrl } from '../platform/net/postgres-url.ts'
import { COPIED_TABLES, OWN_TABLES } from '../store/copied-tables.ts'
import type { Db } from '../store/db.ts'
import { postgresMajor, unknownMigrations } from '../store/migrate.ts'
import type { InspectedCopy } from '../store/sqlite-backup.ts'
import { findPostgresTool, runPostgresTool } from './postgres-tools.ts'

/** Owners and rights are those of the database that it is restored into. */
const PLAIN = ['--no-owner', '--no-privileges']

/**
 * Writes the tables of authd into a file, with one state of the data, while daemons run. Throws UNAVAILABLE without a
 * pg_dump of the server's version or a newer one, FAILED if it fails.
 */
export async function dumpPostgres(
  url: string,
  { db, file, searchPath }: { db: Db; file: string; searchPath: string },
): Promise<void> {
  const tool = findPostgresTool('pg_dump', searchPath)
  const server = await postgresMajor(db)
  if (tool.major < server) {
    throw new AuthdError('UNAVAILABLE', {
      message: `The newest pg_dump here (${tool.path}) is of version ${tool.major}, and the server is PostgreSQL ${server}. Install its client programs, on Debian postgresql-client-${server}.`,
    })
  }
  const tables = [...COPIED_TABLES.map(({ name }) => name), ...OWN_TABLES].map((name) => `--table=${name}`)
  const env = libpqEnvironment(parsePostgresUrl(url))
  await runPostgresTool(tool, ['--format=custom', ...PLAIN, ...tables, `--file=${file}`], { env })
}

/**
 * Reads all data of a dump, without a database: how many rows each table has, and the entry of system_config with this key.
 * Throws UNAVAILABLE without pg_restore, FAILED for a file that it cannot read.
 */
export async function inspectDump(
  file: string,
  { key, searchPath }: { key: string; searchPath: string },
): Promise<InspectedCopy> {
  const tool = findPostgresTool('pg_restore', searchPath)
  const rows: Record<string, number> = {}
  const migrations: string[] = []
  let entry: string | null = null
  let table: { name: string; columns: string[] } | undefined
  const onLine = (line: string) => {
    if (table === undefined) {
      const [, name, columns = ''] = /^COPY (?:[^ ]+\.)?(\w+) \((.*)\) FROM stdin;$/.exec(line) ?? []
      if (name !== undefined) table = { name, columns: columns.replaceAll('"', '').split(', ') }
      if (name !== undefined) rows[name] = 0
      return
    }
    if (line === '\\.') {
      table = undefined
      return
    }
    rows[table.name] = (rows[table.name] ?? 0) + 1
    // Ids, keys and check values have no characters that COPY escapes.
    const values = line.split('\t')
    const cell = (column: string) => values[table?.columns.indexOf(column) ?? -1] ?? ''
    if (table.name === 'schema_migrations') migrations.push(cell('id'))
    if (table.name === 'system_config' && cell('key') === key) entry = cell('value')
  }
  await runPostgresTool(tool, ['--data-only', '--file=-', file], { env: {}, onLine })
  if (rows['schema_migrations'] === undefined) {
    throw new AuthdError('FAILED', { message: 'The dump has no tables of authd.' })
  }
  const schema = migrations.toSorted().at(-1) ?? null
  return { unknown: unknownMigrations(migrations), schema, rows, entry, programs: [] }
}

/** Fills a database without tables. Between tables and rows, `mark` makes sure that no daemon uses what is not finished. */
export async function restorePostgres(
  { url }: Pick<Config['database'], 'url'>,
  { file, searchPath, mark }: { file: string; searchPath: string; mark(): Promise<void> },
): Promise<void> {
  const target = parsePostgresUrl(url ?? '')
  const tool = findPostgresTool('pg_restore', searchPath)
  // A name could be read as a whole connection.
  const database = `--dbname=dbname='${target.database.replace(/[\\']/g, '\\$&')}'`
  const restore = (...sections: string[]) =>
    runPostgresTool(tool, ['--exit-on-error', ...PLAIN, ...sections, database, file], { env: libpqEnvironment(target) })
  await restore('--section=pre-data')
  await mark()
  await restore('--section=data', '--section=post-data')
}
