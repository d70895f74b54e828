import type { Db, Trx } from '../../src/store/db.ts'

/** Tables whose rows a unit may hold before it waits for a user: its answer is claimed first of all, then who calls is locked. */
const BEFORE_USERS = new Set(['answers', 'api_keys', 'users'])

/** Tables whose rows belong to a user. PostgreSQL locks the user for a new one, so that nobody deletes them meanwhile. */
export const OF_A_USER = new Set([
  'devices',
  'email_changes',
  'invitations',
  'passkeys',
  'recovery_codes',
  'recovery_links',
  'sessions',
  'totp_secrets',
])

/** The tables whose rows a statement locks on PostgreSQL, in the order in which it does. On SQLite the store says so in comments. */
export function lockedBy(text: string): string[] {
  const [, verb, changed = ''] = /^\s*(UPDATE|DELETE FROM|INSERT INTO)\s+(\w+)/.exec(text) ?? []
  if (verb === 'INSERT INTO' && OF_A_USER.has(changed)) return ['users', changed]
  if (verb !== undefined) return [changed]
  const [clause, of] = /\bFOR (?:UPDATE|SHARE)\b(?: OF (\w+))?/.exec(text) ?? []
  const table = of ?? /\bFROM\s+(\w+)/.exec(withoutSubqueries(text))?.[1]
  return clause === undefined || table === undefined ? [] : [table]
}

/** A lock is on the rows of the outermost FROM. */
function withoutSubqueries(text: string): string {
  const shorter = text.replace(/\([^()]*\)/g, '')
  return shorter === text ? text : withoutSubqueries(shorter)
}

/**
 * A database whose units fail if they lock a user after another row, because two units that wait for each other's row
 * deadlock on PostgreSQL. The one order is: who calls, users, everything else. It is checked on both databases, because most
 * tests run on SQLite.
 */
export function inLockOrder(db: Db): Db {
  return { ...db, write: (unit) => db.write((trx) => unit(watched(trx))) }
}

function watched(trx: Trx): Trx {
  const held = new Set<string>()
  const watch = (text: string) => {
    for (const table of lockedBy(text)) {
      if (table === 'users' && !held.has('users')) {
        const early = [...held].filter((name) => !BEFORE_USERS.has(name))
        if (early.length > 0) throw new Error(`locks users after ${early.join(', ')}: ${text}`)
      }
      held.add(table)
    }
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
    send: (text, values) => {
      watch(text)
      trx.send(text, values)
    },
  }
}
