import type { Db, Trx } from '../../src/store/db.ts'

/** Tables whose rows a unit may hold before it waits for a user: who calls is locked first of all. */
const BEFORE_USERS = new Set(['api_keys', 'users'])

/** The table whose rows a statement locks, on PostgreSQL. */
export function lockedBy(text: string): string | undefined {
  const [, changed] = /^\s*(?:UPDATE|DELETE FROM|INSERT INTO)\s+(\w+)/.exec(text) ?? []
  if (changed !== undefined) return changed
  const [, of] = /\bFOR (?:UPDATE|SHARE)(?: OF (\w+))?/.exec(text) ?? []
  return /\bFOR (?:UPDATE|SHARE)\b/.test(text) ? (of ?? /\bFROM\s+(\w+)/.exec(text)?.[1]) : undefined
}

/**
 * A database whose units fail if they lock a user after another row, because two units that wait for each other's row
 * deadlock. The one order is: who calls, users, everything else.
 */
export function inLockOrder(db: Db): Db {
  if (db.dialect !== 'postgres') return db
  return { ...db, write: (unit) => db.write((trx) => unit(watched(trx))) }
}

function watched(trx: Trx): Trx {
  const held = new Set<string>()
  const watch = (text: string) => {
    const table = lockedBy(text)
    if (table === undefined) return
    if (table === 'users' && !held.has('users')) {
      const early = [...held].filter((name) => !BEFORE_USERS.has(name))
      if (early.length > 0) throw new Error(`locks users after ${early.join(', ')}: ${text}`)
    }
    held.add(table)
  }
  return {
    ...trx,
    one: (text, values) => {
      watch(text)
      return trx.one(text, values)
    },
    all: (text, values) => {
      watch(text)
      return trx.all(text, values)
    },
    run: (text, values) => {
      watch(text)
      return trx.run(text, values)
    },
  }
}
