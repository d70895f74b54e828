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

/** The tables that the store declares, with their columns in snake_case. */
const declared = sources.flatMap(({ code }) =>
  [...code.matchAll(/ = table\(\s*'(\w+)',\s*\{(.*?)\n {0,2}\}[,)]/gs)].map(([, name = '', columns = '']) => ({
    name,
    columns: [...columns.matchAll(/^\s+(\w+): (?:text|integer|flag|word|json|nullable)\b/gm)].map(([, property = '']) =>
      property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ),
  })),
)

test('no statement selects all columns', () => {
  const found = sources.filter(({ code }) => /SELECT\s+\*|\.\*\s+FROM|RETURNING\s+\*|select\(['"]\*/.test(code))

  expect(found.map(({ file }) => file)).toEqual([])
  expect(declared.length).toBeGreaterThanOrEqual(18)
})

describeOnBoth('the declared columns', (open) => {
  test('are all columns of the schema', async () => {
    const db = await open()

    const real = await db.read(async (sql) =>
      Promise.all(declared.map(async ({ name }) => ({ name, columns: await columnsOf(sql, name) }))),
    )

    expect(declared.map(({ name, columns }) => ({ name, columns: columns.sort() }))).toEqual(real)
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

async function columnsOf(sql: Sql, name: string): Promise<string[]> {
  const rows =
    sql.dialect === 'postgres'
      ? await sql.all<{ name: string }>(
          'SELECT column_name AS name FROM information_schema.columns WHERE table_name = ?',
          [name],
        )
      : await sql.all<{ name: string }>('SELECT name FROM pragma_table_info(?)', [name])
  return rows.map((row) => row.name).sort()
}
