import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { openNewFile } from '../platform/files.ts'
import {
  asUnit,
  callEach,
  commitListeners,
  type Db,
  kindOfStatement,
  refuseInsideUnit,
  type Sql,
  type StatementKind,
  type StatementTimer,
  StoreError,
  type Trx,
  type Value,
} from './db.ts'
import { explain, isBusy, outage } from './sqlite-failures.ts'

export interface SqliteOptions {
  path: string
  busyTimeoutMs: number
  /** How long a unit waits for another process's writer before it is refused as busy. */
  lockWaitMs?: number
  timer?: StatementTimer | undefined
}

const LOCK_WAIT_MS = 5000
const RETRY_MS = 3
/** A group ends here even if more units wait, so that the event loop never stands still for long. */
const GROUP_MS = 10
const GROUP_UNITS = 64
const STATEMENTS_KEPT = 500
/** Units do no I/O but the database's. One that waits for something else would keep all others waiting for ever. */
const UNIT_MS = 10_000

interface Waiting {
  unit: (trx: Trx) => Promise<unknown>
  settle: (outcome: Outcome) => void
}
interface Prepared {
  statement: StatementSync
  kind: StatementKind
}
type Outcome = { ok: true; result: unknown; listeners: (() => void)[] } | { ok: false; error: unknown }

/** The one seam for another SQLite driver: one connection that writes in groups, one that only reads. */
export function openSqlite(options: SqliteOptions): Db {
  const { path, lockWaitMs = LOCK_WAIT_MS } = options
  makePrivateFile(path)
  let [writer, reader] = connectBoth(options)
  const commits = commitListeners()
  const waiting: Waiting[] = []
  let draining: Promise<void> | undefined

  /** Never rejects: runGroup() settles every unit that it takes, whatever happens. */
  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      await gather()
      await runGroup()
    }
    draining = undefined
  }

  /** Writes of the same turn share one commit and one fsync, and so do writes that keep coming in the next turns. */
  async function gather(): Promise<void> {
    let known = 0
    while (waiting.length > known && known < GROUP_UNITS) {
      known = waiting.length
      await nextTurn()
    }
  }

  async function runGroup(): Promise<void> {
    const group: { settle: Waiting['settle']; outcome: Outcome }[] = []
    let failure: Outcome | undefined
    try {
      await begin()
      const until = performance.now() + GROUP_MS
      do {
        const next = waiting.shift()
        if (!next) break
        const { settle } = next
        group.push({ settle, outcome: await runUnit(next.unit) })
      } while (writer.raw.isTransaction && performance.now() < until)
      commit()
    } catch (error) {
      const first = group.find(({ outcome }) => !outcome.ok && outcome.error instanceof StoreError)?.outcome
      failure = {
        ok: false,
        error: error instanceof StoreError ? error : lost(first?.ok === false ? first.error : error),
      }
      // Nothing can begin, so nothing that waits can.
      if (group.length === 0) for (const { settle } of waiting.splice(0)) group.push({ settle, outcome: failure })
    }
    for (const { settle, outcome } of group) {
      if (!failure && outcome.ok) callEach(outcome.listeners)
      settle(failure ?? outcome)
    }
    if (!failure) commits.notify()
  }

  async function runUnit(unit: Waiting['unit']): Promise<Outcome> {
    const listeners: (() => void)[] = []
    const { trx, end } = endable({ ...writer.trx, afterCommit: (listener) => listeners.push(listener) })
    try {
      writer.exec('SAVEPOINT unit')
      const result = await inTime(asUnit(() => unit(trx)))
      end()
      writer.exec('RELEASE unit')
      return { ok: true, result, listeners }
    } catch (error) {
      end()
      undoUnit()
      return { ok: false, error: explain(error, path) }
    }
  }

  /** SQLite itself ends the transaction when the disk is full or fails. Then commit() fails the whole group. */
  function undoUnit(): void {
    try {
      if (writer.raw.isTransaction) writer.exec('ROLLBACK TO unit', 'RELEASE unit')
    } catch {
      // What the unit wrote cannot be told from what the others wrote, so nothing of the group may be committed.
      writer.close()
    }
  }

  /** Waits for another process's writer from a timer, so that the loop goes on meanwhile. */
  async function begin(): Promise<void> {
    const until = performance.now() + lockWaitMs
    for (;;) {
      try {
        writer.exec('BEGIN IMMEDIATE')
        return
      } catch (error) {
        if (!isBusy(error)) throw error
        if (performance.now() > until) throw explain(error, path)
      }
      await wait(RETRY_MS)
    }
  }

  function commit(): void {
    if (!writer.raw.isTransaction) throw new Error('SQLite ended the transaction')
    writer.exec('COMMIT')
  }

  /** After an I/O error what was written is unknown: say so, and start over with new connections. */
  function lost(cause: unknown): StoreError {
    const old = [writer, reader]
    try {
      ;[writer, reader] = connectBoth(options)
      for (const connection of old) connection.close()
    } catch {
      // The file cannot be opened now; the next use tries again and says why.
    }
    return cause instanceof StoreError ? cause : outage(cause, path)
  }

  return {
    dialect: 'sqlite',
    async read(work) {
      refuseInsideUnit('db.read')
      try {
        return await work(reader.sql)
      } catch (error) {
        throw explain(error, path)
      }
    },
    write<Result>(unit: (trx: Trx) => Promise<Result>) {
      refuseInsideUnit('db.write')
      return new Promise<Result>((resolve, reject) => {
        waiting.push({
          unit,
          settle: (outcome) => (outcome.ok ? resolve(outcome.result as Result) : reject(outcome.error)),
        })
        draining ??= drain()
      })
    },
    time: async () => undefined,
    async migrate(work) {
      const { migrateSqlite } = await import('./knex-sqlite.ts')
      return await migrateSqlite({ path, lockWaitMs }, work).catch((error) => {
        throw explain(error, path)
      })
    },
    onChange: () => () => {},
    onCommit: commits.onCommit,
    async close() {
      await draining
      reader.close()
      writer.close()
    },
  }
}

/** For its owner only, whatever the folder and the umask allow; SQLite gives the log beside it the same mode. */
function makePrivateFile(path: string): void {
  try {
    openNewFile(path).close()
  } catch {
    // It is there already, or cannot be made: then opening it says why.
  }
}

function connectBoth(options: SqliteOptions) {
  try {
    return [connect(options, false), connect(options, true)] as const
  } catch (error) {
    throw explain(error, options.path)
  }
}

function connect({ path, busyTimeoutMs, timer }: SqliteOptions, readOnly: boolean) {
  const raw = new DatabaseSync(path, { timeout: busyTimeoutMs, readOnly })
  raw.exec('PRAGMA foreign_keys = ON')
  // FULL, because otherwise a power cut brings spent links and revoked sessions back.
  // What was deleted is overwritten, so that no copy of the file has it.
  if (!readOnly) raw.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON')
  const prepared = new Map<string, Prepared>()
  const statement = (text: string): Prepared => {
    const known = prepared.get(text)
    if (known) return known
    if (prepared.size >= STATEMENTS_KEPT) prepared.clear()
    const made = { statement: raw.prepare(text), kind: kindOfStatement(text) }
    prepared.set(text, made)
    return made
  }
  const timed = <Result>({ statement, kind }: Prepared, use: (statement: StatementSync) => Result): Result => {
    if (!timer) return use(statement)
    const startedAt = performance.now()
    const result = use(statement)
    timer(kind, (performance.now() - startedAt) / 1000)
    return result
  }
  const sql = (statementOf: typeof statement): Sql => ({
    dialect: 'sqlite',
    one: async <Row>(text: string, values: Value[] = []) =>
      timed(statementOf(text), (found) => found.get(...values)) as Row | undefined,
    all: async <Row>(text: string, values: Value[] = []) =>
      timed(statementOf(text), (found) => found.all(...values)) as Row[],
  })
  /** SQLite may have ended the transaction of a unit that goes on: nothing more of it may be written, in autocommit. */
  const inTransaction = (text: string): Prepared => {
    if (!raw.isTransaction) throw new StoreError('unavailable', 'SQLite ended the transaction.')
    return statement(text)
  }
  const change = (text: string, values: Value[] = []) => timed(inTransaction(text), (found) => found.run(...values))
  const trx: Omit<Trx, 'afterCommit'> = {
    ...sql(inTransaction),
    run: async (text, values) => Number(change(text, values).changes),
    send: (text, values) => void change(text, values),
  }
  return {
    raw,
    sql: sql(statement),
    trx,
    exec: (...texts: string[]) => {
      for (const text of texts) timed(statement(text), (found) => found.run())
    },
    close: () => {
      if (raw.isOpen) raw.close()
    },
  }
}

/** Fails when a unit takes longer than any may. */
async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('a unit of work did not end in time')), UNIT_MS)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** What a unit gets, until it ends: a statement that comes later would be part of another unit. */
function endable({ one, all, run, send, afterCommit, dialect }: Trx): { trx: Trx; end: () => void } {
  let isOver = false
  const whileRunning =
    <Args extends unknown[], Result>(use: (...args: Args) => Result) =>
    (...args: Args) => {
      if (isOver) throw new Error('a unit of work went on after its end')
      return use(...args)
    }
  const trx = {
    ...{ dialect, afterCommit, send: whileRunning(send) },
    ...{ one: whileRunning(one), all: whileRunning(all), run: whileRunning(run) },
  } as Trx
  return {
    trx,
    end: () => {
      isOver = true
    },
  }
}
