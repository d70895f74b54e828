import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { findUser, type User } from '../store/users.ts'

/** The person of a session, as of now. */
export async function findOwnUser(deps: Deps, userId: string): Promise<User> {
  const user = await deps.db.read((sql) => findUser(sql, userId))
  if (!user) throw new AuthdError('UNAUTHORIZED')
  return user
}
