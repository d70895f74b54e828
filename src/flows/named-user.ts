import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { parseEmailAddress } from '../platform/email-address.ts'
import { shell } from '../platform/shell.ts'
import { findUser, findUserByEmail, listUsersByPrefix, type User } from '../store/users.ts'

const PREFIX_MIN = 6

/**
 * Finds a user by exact id, by address in any spelling, or by a unique prefix of the id. Throws USER_NOT_FOUND, or
 * VALIDATION_ERROR for an ambiguous prefix.
 */
export async function resolveUser(deps: Pick<Deps, 'db'>, text: string): Promise<User> {
  const address = parseEmailAddress(text)
  const found = await deps.db.read(async (sql) => {
    if (address) return [await findUserByEmail(sql, address.canonical)].filter((user) => user !== undefined)
    const exact = await findUser(sql, text)
    if (exact) return [exact]
    return text.length >= PREFIX_MIN ? await listUsersByPrefix(sql, text, 5) : []
  })
  const [user, another] = found
  if (another) {
    throw new AuthdError('VALIDATION_ERROR', {
      message: `"${text}" matches several ids. Write the whole id or the e-mail address.`,
      details: { candidates: found.map(({ id, email }) => ({ id, email })) },
      suggestions: found.map(({ id }) => shell`authd users show ${id}`),
    })
  }
  if (user) return user
  throw new AuthdError('USER_NOT_FOUND', {
    message: `No user "${text}". Write an e-mail address, an id, or at least the first ${PREFIX_MIN} characters of an id.`,
    suggestions: ['authd users list'],
  })
}
