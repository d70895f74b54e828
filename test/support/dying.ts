import type { Db, Trx } from '../../src/store/db.ts'

/** What a process throws that dies. */
export class Died extends Error {}

/** The process dies at its unit of this number, before or after the commit. */
export function dyingAt(db: Db, at: number): Db {
  let units = 0
  return {
    ...db,
    async write<Result>(unit: (trx: Trx) => Promise<Result>): Promise<Result> {
      units += 1
      if (units === Math.ceil(at / 2) && at % 2 === 1) throw new Died()
      const result = await db.write(unit)
      if (units === Math.ceil(at / 2)) throw new Died()
      return result
    },
  }
}
