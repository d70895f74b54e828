import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Sql } from '../../src/store/db.ts'
import { flag, integer, json, nullable, table, text } from '../../src/store/table.ts'
import { describeOnBoth } from '../support/databases.ts'

const folder = join(import.meta.dirname, '../../src/store')
const sources = globSync('*.ts', { cwd: folder }).map((file) => ({
  file,
  code: readFileSync(join(folder, file), 'utf8'),
}))

interface DeclaredColumn {
  table: string
  column: string
}

/** The columns that the store declares. */
const declared = sources.flatMap(({ code }) =>
  [...code.matchAll(/ = table\(\s*'(\w+)',\s*\{(.*?)\}\s*[,)]/gs)].flatMap(([, table = '', columns = '']) =>
    [...columns.matchAll(/(?:^|[{,])\s*(\w+): (?:text|integer|flag|word|json|nullable)\b/gm)].map(
      ([, property = '']): DeclaredColumn => ({
        table,
        column: property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      }),
    ),
  ),
)

/** Their few columns are not read as a row. */
const UNDECLARED = ['audit_head', 'change_epochs', 'devices', 'schema_migrations']

test('no statement selects all columns', () => {
  expect(sources.filter(({ code }) => selectsAll(code)).map(({ file }) => file)).toEqual([])
})

test('the check of statements finds each way to select all columns, and allows count(*)', () => {
  expect(selectsAll('SELECT * FROM users')).toBe(true)
  expect(selectsAll('SELECT users.id, sessions.* FROM sessions')).toBe(true)
  expect(selectsAll('DELETE FROM users RETURNING *')).toBe(true)
  expect(selectsAll('/** `session.*`, `user.*` */ SELECT count(*) AS n, id FROM users')).toBe(false)
})

describeOnBoth('the schema', (open) => {
  test('has the declared tables with the declared columns, and no others', async () => {
    const db = await open()

    const columns = await db.read(columnsOf)

    const undeclared = columns.filter(({ table }) => UNDECLARED.includes(table))
    expect(declared.toSorted(byTable)).toEqual(columns.filter((each) => !undeclared.includes(each)))
    expect([...new Set(undeclared.map(({ table }) => table))]).toEqual(UNDECLARED)
  })
})

test('a declared table reads what it has written', () => {
  const things = table(
    'things',
    { id: text, isRed: flag, tags: json<string[]>(), endsAt: nullable(integer), count: integer },
    { defaulted: ['count'] },
  )

  const values = things.values({ id: 'a', isRed: true, tags: ['x'], endsAt: null })

  expect(things.insert).toBe('INSERT INTO things (id, is_red, tags, ends_at) VALUES (?, ?, ?, ?)')
  expect(values).toEqual(['a', 1, '["x"]', null])
  expect(things.qualified).toBe('things.id, things.is_red, things.tags, things.ends_at, things.count')
  expect(things.read({ id: 'a', is_red: 1, tags: '["x"]', ends_at: null, count: 0 })).toEqual({
    id: 'a',
    isRed: true,
    tags: ['x'],
    endsAt: null,
    count: 0,
  })
  expect(things.pick(['isRed'], 'thing_').read({ thing_is_red: 0 })).toEqual({ isRed: false })
})

function selectsAll(code: string): boolean {
  const statements = code.replace(/\/\*[\s\S]*?\*\//g, '')
  return /(?:SELECT(?: DISTINCT)?|RETURNING|,)\s+(?:\w+\.)?\*|select\(['"]\*/.test(statements)
}

async function columnsOf(sql: Sql): Promise<DeclaredColumn[]> {
  const rows = await sql.all<DeclaredColumn>(
    sql.dialect === 'postgres'
      ? `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
         WHERE table_schema = 'public'`
      : `SELECT tables.name AS "table", columns.name AS "column"
         FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'`,
  )
  return rows.map(({ table, column }) => ({ table, column })).sort(byTable)
}

function byTable(a: DeclaredColumn, b: DeclaredColumn): number {
  return `${a.table} ${a.column}` < `${b.table} ${b.column}` ? -1 : 1
}
