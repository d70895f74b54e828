import type { Deps } from '../../deps.ts'
import { listOfferedNames, NAMED_PLACES, type OfferedName } from '../../store/offered-names.ts'
import { listPasskeys } from '../../store/passkeys.ts'
import { resolveUser } from '../named-user.ts'

export type { OfferedName }
export type NamedKind = keyof typeof NAMED_PLACES

/** More would not be read, and bash asks before it shows a hundred. */
const MOST = 60

/** Names of rows that start so, for the completion of a command line. */
export async function offerNames(deps: Pick<Deps, 'db'>, kind: NamedKind, starts: string): Promise<OfferedName[]> {
  return await deps.db.read((sql) => listOfferedNames(sql, NAMED_PLACES[kind], { starts, limit: MOST }))
}

/** The ids of a user's passkeys with their names. Throws USER_NOT_FOUND. */
export async function offerPasskeys(deps: Pick<Deps, 'db'>, user: string): Promise<OfferedName[]> {
  const { id: userId } = await resolveUser(deps, user)
  const passkeys = await deps.db.read((sql) => listPasskeys(sql, userId))
  return passkeys.map(({ id, name }) => ({ name: id, about: name, instead: id }))
}
