import { expect, test } from 'vitest'
import { COPIED_TABLES, OWN_TABLES } from '../../src/store/copied-tables.ts'
import type { Dialect, Sql } from '../../src/store/db.ts'
import { describeOnBoth } from '../support/databases.ts'

interface Named {
  table: string
  columns: string
}

/** Per table its primary key, its other unique columns, and the column that names a parent: as `a,b`. */
const SCHEMA: Record<Dialect, Record<'keys' | 'uniques' | 'parents', string>> = {
  postgres: {
    keys: constraints('p'),
    uniques: `SELECT t.relname AS "table", ${columnsIn('i.indrelid', 'i.indkey::smallint[]')} AS columns
      FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid
      WHERE t.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT i.indisprimary`,
    parents: constraints('f'),
  },
  sqlite: {
    keys: `SELECT t.name AS "table", (SELECT group_concat(name) FROM
        (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk)) AS columns
      FROM sqlite_schema AS t WHERE t.type = 'table'`,
    uniques: `SELECT t.name AS "table", (SELECT group_concat(name) FROM pragma_index_info(i.name)) AS columns
      FROM sqlite_schema AS t JOIN pragma_index_list(t.name) AS i
      WHERE t.type = 'table' AND i."unique" = 1 AND i.origin <> 'pk'`,
    parents: `SELECT t.name AS "table", f."from" AS columns
      FROM sqlite_schema AS t JOIN pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'`,
  },
}

function constraints(type: 'p' | 'f'): string {
  return `SELECT t.relname AS "table", ${columnsIn('c.conrelid', 'c.conkey')} AS columns
    FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid
    WHERE c.contype = '${type}' AND t.relnamespace = 'public'::regnamespace`
}

function columnsIn(table: string, numbers: string): string {
  return `(SELECT string_agg(a.attname, ',' ORDER BY array_position(${numbers}, a.attnum))
    FROM pg_attribute AS a WHERE a.attrelid = ${table} AND a.attnum = ANY (${numbers}))`
}

async function named(sql: Sql, of: 'keys' | 'uniques' | 'parents'): Promise<Record<string, string>> {
  const rows = await sql.all<Named>(SCHEMA[sql.dialect][of])
  const own = rows.filter(({ table }) => !OWN_TABLES.includes(table))
  return Object.fromEntries(own.map(({ table, columns }) => [table, columns]))
}

const declared = (of: (table: (typeof COPIED_TABLES)[number]) => readonly string[] | undefined) =>
  Object.fromEntries(COPIED_TABLES.flatMap((table) => (of(table) ? [[table.name, of(table)?.join(',')]] : [])))

describeOnBoth('the tables that are copied', (open) => {
  test('are all tables, with their primary keys, unique columns and parents', async () => {
    const db = await open()

    const schema = await db.read(async (sql) => [
      await named(sql, 'keys'),
      await named(sql, 'uniques'),
      await named(sql, 'parents'),
    ])

    expect(schema).toEqual([
      declared(({ key }) => key),
      declared(({ unique }) => unique),
      declared(({ parent }) => parent && [parent.column]),
    ])
  })
})

test('a table comes after the one that its rows belong to', () => {
  const names = COPIED_TABLES.map(({ name }) => name)
  const children = COPIED_TABLES.flatMap(({ name, parent }) => (parent ? [[parent.table, name] as const] : []))

  expect(children.filter(([parent, child]) => names.indexOf(parent) >= names.indexOf(child))).toEqual([])
  expect(children).toHaveLength(9)
})
