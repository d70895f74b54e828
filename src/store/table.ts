import type { Value } from './db.ts'

/** How a column's value looks in SQL and in the program. */
interface Column<Held> {
  read(stored: Value): Held
  write(held: Held): Value
}

/** A column of any type, as a table holds it. */
interface AnyColumn {
  read(stored: Value): unknown
  write(held: never): Value
}

/** A row as the database gives it. */
export type StoredRow = Record<string, Value>

type Columns = Record<string, AnyColumn>
type HeldBy<Of extends Columns> = { [Name in keyof Of]: ReturnType<Of[Name]['read']> }

export interface Table<Of extends Columns, Defaulted extends keyof Of = never> {
  name: string
  /** `id, user_id, …` for SELECT and RETURNING. */
  columns: string
  /** `sessions.id, sessions.user_id, …` for joins. */
  qualified: string
  /** `INSERT INTO … VALUES (?, …)` of all columns but those that begin with their default. */
  insert: string
  /** The values of `insert`, in its order. */
  values(row: Omit<HeldBy<Of>, Defaulted>): Value[]
  read(row: StoredRow): HeldBy<Of>
  /** The same for a statement that may find nothing. */
  readOne(row: StoredRow | undefined): HeldBy<Of> | undefined
  /** Some of the columns. In a join a prefix keeps them apart: `users.email AS user_email`. */
  pick<Name extends keyof Of & string>(
    names: readonly Name[],
    prefix?: string,
  ): { columns: string; read(row: StoredRow): Pick<HeldBy<Of>, Name> }
}

/** A row of a table, as the program holds it. */
export type RowOf<Declared> = Declared extends { read(row: StoredRow): infer Row } ? Row : never
/** A row before it is inserted: without the columns that begin with their default. */
export type NewRow<Declared> = Declared extends { values(row: infer Row): Value[] } ? Row : never

export const text: Column<string> = { read: (stored) => stored as string, write: (held) => held }
export const integer: Column<number> = { read: (stored) => stored as number, write: (held) => held }
export const flag: Column<boolean> = { read: (stored) => stored === 1, write: (held) => (held ? 1 : 0) }

/** Text of a closed set of words. */
export function word<Word extends string>(): Column<Word> {
  return { read: (stored) => stored as Word, write: (held) => held }
}

export function json<Held>(): Column<Held> {
  return { read: (stored) => JSON.parse(stored as string) as Held, write: (held) => JSON.stringify(held) }
}

export function nullable<Held>({ read, write }: Column<Held>): Column<Held | null> {
  return {
    read: (stored) => (stored === null ? null : read(stored)),
    write: (held) => (held === null ? null : write(held)),
  }
}

/**
 * Declares a table: its columns stand here and nowhere else. A property is a column of the same name in snake_case.
 * `defaulted` names the columns that an insert leaves to their default, `filled` those that it takes from an expression,
 * and `derived` those that are read as an expression.
 */
export function table<Of extends Columns, Defaulted extends keyof Of & string = never>(
  name: string,
  columns: Of,
  {
    defaulted = [],
    filled = {},
    derived = {},
  }: {
    defaulted?: readonly Defaulted[]
    filled?: Record<string, string>
    derived?: Partial<Record<keyof Of, string>>
  } = {},
): Table<Of, Defaulted> {
  const all = Object.entries(columns).map(([property, column]) => ({ property, column, sql: snakeCase(property) }))
  const inserted = all.filter(({ property }) => !(defaulted as readonly string[]).includes(property))
  const names = [...inserted.map(({ sql }) => sql), ...Object.keys(filled)]
  const expressions = [...inserted.map(() => '?'), ...Object.values(filled)]
  const read = (row: StoredRow): HeldBy<Of> => {
    const held: Record<string, unknown> = {}
    for (const { property, column, sql } of all) held[property] = column.read(row[sql] ?? null)
    return held as HeldBy<Of>
  }
  const readAs = ({ property, sql }: { property: keyof Of; sql: string }, as: string, plain: string) =>
    derived[property] === undefined ? plain : `${derived[property]} AS ${as}${sql}`
  return {
    name,
    columns: all.map((column) => readAs(column, '', column.sql)).join(', '),
    qualified: all.map((column) => readAs(column, '', `${name}.${column.sql}`)).join(', '),
    insert: `INSERT INTO ${name} (${names.join(', ')}) VALUES (${expressions.join(', ')})`,
    values: (row) =>
      inserted.map(({ property, column }) => column.write((row as Record<string, never>)[property] as never)),
    read,
    readOne: (row) => (row === undefined ? undefined : read(row)),
    pick: (names, prefix = '') => {
      const picked = all.filter(({ property }) => (names as readonly string[]).includes(property))
      return {
        columns: picked
          .map((column) => readAs(column, prefix, `${name}.${column.sql} AS ${prefix}${column.sql}`))
          .join(', '),
        read: (row) => {
          const held: Record<string, unknown> = {}
          for (const { property, column, sql } of picked) held[property] = column.read(row[prefix + sql] ?? null)
          return held as never
        },
      }
    },
  }
}

function snakeCase(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
