import type { Troubles } from '../platform/troubles.ts'
import { type Db, StoreError } from './db.ts'

/** A database that says when it cannot be used. Only a write that succeeds shows that it works again. */
export function watched(db: Db, troubles: Pick<Troubles, 'begin' | 'end'>): Db {
  const note = (error: unknown): never => {
    if (error instanceof StoreError) troubles.begin('database', { reason: error.reason, detail: error.message })
    throw error
  }
  return {
    ...db,
    read: (work) => db.read(work).catch(note),
    async write(unit) {
      const result = await db.write(unit).catch(note)
      troubles.end('database')
      return result
    },
  }
}
