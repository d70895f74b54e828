import { StoreError } from './db.ts'

/** What a pool keeps. */
export interface Pooled {
  /** The other side has closed it. */
  readonly isOver: boolean
  close(): Promise<void>
}

export interface Pool<Connection extends Pooled> {
  /** A kept connection or a new one. Throws a StoreError at `until`, in milliseconds of performance.now(). */
  take(until: number): Promise<Connection>
  /** A connection that is not fit for another use is closed. */
  give(connection: Connection, isFit: boolean): void
  /** Closes what is kept now, and what is in use once it is given back: all are older than a change of the server. */
  renew(connection: Connection): void
  /** Waits for the connections that are in use. */
  close(): Promise<void>
}

export interface PoolOptions<Connection extends Pooled> {
  /** At most this many at once. */
  size: number
  /** How long an unused connection is kept, in milliseconds. */
  idleMs: number
  connect(until: number): Promise<Connection>
}

/** pg's own pool knows one server only, and hands out connections from before a failover. */
export function createPool<Connection extends Pooled>(options: PoolOptions<Connection>): Pool<Connection> {
  const kept = new Map<Connection, NodeJS.Timeout>()
  const waiting = new Set<() => void>()
  const ages = new WeakMap<Connection, number>()
  let age = 0
  let used = 0
  let closed: PromiseWithResolvers<void> | undefined

  async function turn(until: number): Promise<void> {
    if (closed) throw new StoreError('unavailable', 'The database is closed.')
    if (used < options.size) {
      used += 1
      return
    }
    // leave() passes the turn on, so `used` stays.
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer)
        waiting.delete(enter)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(enter)
        const busy = `All ${options.size} connections to the database are in use. Raise database.pool_size, if the server allows more.`
        reject(new StoreError('busy', busy))
      }, until - performance.now())
      waiting.add(enter)
    })
  }

  function leave(): void {
    const [next] = waiting
    if (next) {
      next()
      return
    }
    used -= 1
    if (used === 0) closed?.resolve()
  }

  function unkeep(connection: Connection): void {
    clearTimeout(kept.get(connection))
    kept.delete(connection)
  }

  function discard(connection: Connection): void {
    unkeep(connection)
    connection.close().catch(() => undefined)
  }

  const isFitNow = (connection: Connection) => !connection.isOver && ages.get(connection) === age && !closed

  return {
    async take(until) {
      await turn(until)
      try {
        // Takes the connection used most recently, so that unneeded ones go idle and are closed.
        for (const connection of [...kept.keys()].reverse()) {
          if (isFitNow(connection)) {
            unkeep(connection)
            return connection
          }
          discard(connection)
        }
        const born = age
        const connection = await options.connect(until)
        ages.set(connection, born)
        return connection
      } catch (error) {
        leave()
        throw error
      }
    },
    give(connection, isFit) {
      if (isFit && isFitNow(connection))
        kept.set(
          connection,
          setTimeout(() => discard(connection), options.idleMs),
        )
      else discard(connection)
      leave()
    },
    renew(connection) {
      if (ages.get(connection) !== age) return
      age += 1
      for (const old of kept.keys()) discard(old)
    },
    async close() {
      closed = Promise.withResolvers()
      const closing = [...kept.keys()].map((connection) => {
        unkeep(connection)
        return connection.close()
      })
      if (used > 0) await closed.promise
      await Promise.all(closing)
    },
  }
}
