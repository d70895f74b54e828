import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { parseEmailAddress } from '../../platform/email-address.ts'
import { countPasskeys } from '../../store/passkeys.ts'
import { countLiveSessions } from '../../store/sessions.ts'
import { findTotpHolders } from '../../store/totp-secrets.ts'
import { countUsers, findUser, listUsers, type User, type UserFilter } from '../../store/users.ts'
import { type Listing, type ListPart, type Pagination, readPart } from '../pagination.ts'

export interface ListedUser {
  user: User
  liveSessions: number
  passkeys: number
  hasTotp: boolean
}

/**
 * One part of the users, newest first, with their factors and number of live sessions. A whole address finds its user
 * at once.
 */
export async function listUsersWithFactors(
  deps: Deps,
  filter: UserFilter,
  pagination: Pagination,
): Promise<ListPart<ListedUser>> {
  const part = await readPart(deps, listingOf(filter), pagination)
  return { ...part, rows: await withFactors(deps, part.rows) }
}

function listingOf({ search, before: _, ...filter }: UserFilter): Listing<User> {
  const email = search === undefined ? undefined : parseEmailAddress(search)?.canonical
  const meant = { ...filter, ...(email === undefined ? { search } : { email }) }
  return {
    table: email === undefined ? 'users' : undefined,
    list: (sql, span, { limit, offset }) => listUsers(sql, { ...meant, ...span }, limit, offset),
    count: (sql, span) => countUsers(sql, { ...meant, ...span }),
  }
}

/** One user by exact id. Throws USER_NOT_FOUND. */
export async function findUserWithFactors(deps: Deps, id: string): Promise<ListedUser> {
  const user = await deps.db.read((sql) => findUser(sql, id))
  const [found] = user ? await withFactors(deps, [user]) : []
  if (!found) throw new AuthdError('USER_NOT_FOUND')
  return found
}

async function withFactors(deps: Deps, users: User[]): Promise<ListedUser[]> {
  const now = deps.clock.now()
  const userIds = users.map(({ id }) => id)
  const [counts, passkeys, withTotp] = await deps.db.read(
    async (sql) =>
      [
        await countLiveSessions(sql, { userIds, now }),
        await countPasskeys(sql, userIds),
        await findTotpHolders(sql, userIds),
      ] as const,
  )
  return users.map((user) => ({
    user,
    liveSessions: counts.get(user.id) ?? 0,
    passkeys: passkeys.get(user.id) ?? 0,
    hasTotp: withTotp.has(user.id),
  }))
}
