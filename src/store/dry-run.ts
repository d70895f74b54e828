import type { Db, Trx } from './db.ts'

/**
 * A database whose units run and are then undone: the CLI's `--dry-run`. Only for flows that open one unit, or whose
 * later units do not need what the earlier ones wrote.
 */
export function dryRun(db: Db): Db {
  class Undo {
    readonly result: unknown
    constructor(result: unknown) {
      this.result = result
    }
  }
  return {
    ...db,
    async write<Result>(unit: (trx: Trx) => Promise<Result>): Promise<Result> {
      try {
        return await db.write<Result>(async (trx) => {
          throw new Undo(await unit(trx))
        })
      } catch (error) {
        if (error instanceof Undo) return error.result as Result
        throw error
      }
    },
  }
}
