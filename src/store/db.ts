import { AsyncLocalStorage } from 'node:async_hooks'
import type { Knex } from 'knex'

export type Dialect = 'sqlite' | 'postgres'
export type Value = string | number | null

/** What a read gets. Statements are prepared once per text; write `?` for values, on both databases. */
export interface Sql {
  readonly dialect: Dialect
  one<Row>(text: string, values?: Value[]): Promise<Row | undefined>
  all<Row>(text: string, values?: Value[]): Promise<Row[]>
}

/** What a unit of work gets. `run` answers the number of rows changed. */
export interface Trx extends Sql {
  run(text: string, values?: Value[]): Promise<number>
  /**
   * Like `run`, for a statement whose answer nobody needs: it goes on its way together with the next one. If it fails, the
   * unit fails.
   */
  send(text: string, values?: Value[]): void
  /** Called once the unit is durable; never if it is undone. For what cannot be undone, such as a counter. */
  afterCommit(listener: () => void): void
}

/** The one door to the database. */
export interface Db {
  readonly dialect: Dialect
  /** Never waits for a writer. */
  read<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>
  /**
   * Runs a unit of work and answers only after it is durable. A unit that returns commits, whatever it returns; one
   * that throws is undone. It may be run again (PostgreSQL: deadlock, serialisation), so it has no other effects.
   */
  write<Result>(unit: (trx: Trx) => Promise<Result>): Promise<Result>
  /**
   * The time of the database server in epoch milliseconds, for comparing clocks. Undefined for SQLite, which has no clock
   * but that of this machine.
   */
  time(): Promise<number | undefined>
  /**
   * Runs in one transaction of a separate connection, which may take long. Throws StoreError `busy` if others hold the
   * locks it needs.
   */
  migrate<Result>(work: (trx: Knex.Transaction) => Promise<Result>): Promise<Result>
  /**
   * Calls the listener after a process has changed what others cache (change_epochs), and when that may have been missed.
   * Never on SQLite or through a pooler, where only reading the epochs tells. Returns how to stop that.
   */
  onChange(listener: () => void): () => void
  /** Called after each commit of this process; answers how to stop that. */
  onCommit(listener: () => void): () => void
  close(): Promise<void>
}

/**
 * Why the database could not do it, in words for an operator. `busy`: others held what it needs; `unavailable`: it cannot be
 * used now; `unknown`: it may have been done. Only a `busy` or `unavailable` unit may be tried again blindly.
 */
export class StoreError extends Error {
  /** The log needs no stack. */
  readonly isOutage = true
  readonly kind: 'busy' | 'unavailable' | 'unknown'
  /** For anyone, so it names no place: `the disk is full`. */
  readonly reason: string
  constructor(kind: StoreError['kind'], message: string, cause?: unknown, reason?: string) {
    super(message, { cause })
    this.name = 'StoreError'
    this.kind = kind
    this.reason = reason ?? (kind === 'busy' ? 'the database is busy' : 'the database is not available')
  }
}

/** Thrown by a unit that finds an earlier read outdated: it is undone and run again, like one that cannot be serialised. */
export class OutdatedRead extends Error {
  readonly code = '40001'
}

/** What a statement does, as metrics name it. */
export type StatementKind = 'select' | 'insert' | 'update' | 'delete' | 'begin' | 'commit' | 'other'

/** Called after every statement with its time. */
export type StatementTimer = (kind: StatementKind, seconds: number) => void

const KINDS = new Set<string>(['select', 'insert', 'update', 'delete', 'begin', 'commit'] satisfies StatementKind[])

export function kindOfStatement(text: string): StatementKind {
  const verb = text.trimStart().split(/\s/, 1)[0]?.toLowerCase() ?? ''
  return KINDS.has(verb) ? (verb as StatementKind) : 'other'
}

const insideUnit = new AsyncLocalStorage<true>()

/** Inside a unit only its `trx` may be used: with SQLite's one writer anything else waits for itself. */
export function refuseInsideUnit(call: string): void {
  if (insideUnit.getStore()) throw new Error(`${call} inside a unit of work: use its trx`)
}

export function asUnit<Result>(work: () => Promise<Result>): Promise<Result> {
  return insideUnit.run(true, work)
}

/**
 * Ends a SELECT that must hold its row until the unit ends; of a join, that of one table. SQLite has one writer, whose unit
 * holds everything: there it is a comment, from which tests see the order of locks.
 */
export function forUpdate(trx: Trx, table?: string): string {
  return lock(trx, table === undefined ? 'FOR UPDATE' : `FOR UPDATE OF ${table}`)
}

/** Like forUpdate, but others may hold the row as well. */
export function forShare(trx: Trx): string {
  return lock(trx, 'FOR SHARE')
}

function lock(trx: Trx, clause: string): string {
  return trx.dialect === 'postgres' ? ` ${clause}` : ` /* ${clause} */`
}

/**
 * Is a text column one of a list? Takes one value, `JSON.stringify(list)`, so that lists of all lengths are one statement,
 * which is prepared once.
 */
export function isAmong(sql: Sql, column: string): string {
  return sql.dialect === 'postgres'
    ? `${column} = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(? AS jsonb))))`
    : `${column} IN (SELECT value FROM json_each(?))`
}

/**
 * Calls every listener of a commit. One that throws is a bug, and becomes an unhandled rejection: the unit is durable,
 * so its caller must hear of success, and the others must be called.
 */
export function callEach(listeners: Iterable<() => void>): void {
  for (const listener of listeners) {
    try {
      listener()
    } catch (error) {
      void Promise.reject(error)
    }
  }
}

/** The listeners of onCommit, for both engines. */
export function commitListeners() {
  const listeners = new Set<() => void>()
  return {
    notify: () => callEach(listeners),
    onCommit: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
