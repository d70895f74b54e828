import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import type { Trx } from '../store/db.ts'

/**
 * Runs a unit of work that may refuse. It refuses by returning an AuthdError: what it wrote until then, such as a counted
 * failure, is committed, and the error is thrown afterwards. Throwing inside the unit undoes it.
 */
export async function decide<Result>(
  { db }: Pick<Deps, 'db'>,
  unit: (trx: Trx) => Promise<Result | AuthdError>,
): Promise<Result> {
  const decided = await db.write(unit)
  if (decided instanceof AuthdError) throw decided
  return decided
}
