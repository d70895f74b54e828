import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { EmailAddress } from '../../platform/email-address.ts'
import { shell } from '../../platform/shell.ts'
import type { Trx } from '../../store/db.ts'
import { findUserByEmail, insertUser, type User } from '../../store/users.ts'
import { type Actor, recordEvent } from '../record-event.ts'

export interface AddUsers {
  emails: EmailAddress[]
  name: string | null
  /** The operator vouches for the addresses. Otherwise nobody has proven them yet. */
  isVerified: boolean
  mayExist: boolean
}

export interface AddedUser {
  user: User
  isNew: boolean
}

/** Adds all users or, if one exists that may not, none. Throws CONFLICT. */
export async function addUsers(deps: Deps, actor: Actor, input: AddUsers): Promise<AddedUser[]> {
  return await deps.db.write(async (trx) => {
    const added: AddedUser[] = []
    for (const email of input.emails) {
      const one = await addUserIn(deps, trx, actor, { ...input, email })
      if (!one.isNew && !input.mayExist) {
        throw new AuthdError('CONFLICT', {
          message: `${one.user.email} exists already (${one.user.id}). No user was added.`,
          suggestions: [shell`authd users show ${one.user.email}`, 'authd users add … --if-not-exists'],
        })
      }
      added.push(one)
    }
    return added
  })
}

/** As addUsers, for one user who may exist. */
export async function addUser(
  deps: Deps,
  actor: Actor,
  input: { email: EmailAddress; name: string | null; isVerified: boolean },
): Promise<AddedUser> {
  return await deps.db.write((trx) => addUserIn(deps, trx, actor, input))
}

/** As addUser, in a unit that does more. */
export async function addUserIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { email, name, isVerified }: { email: EmailAddress; name: string | null; isVerified: boolean },
): Promise<AddedUser> {
  const now = deps.clock.now()
  const id = deps.random.id('usr')
  const emailVerifiedAt = isVerified ? now : null
  const row = { id, email: email.canonical, emailTyped: email.typed, name, emailVerifiedAt, createdAt: now }
  const isNew = await insertUser(trx, row)
  const user = await findUserByEmail(trx, email.canonical)
  if (!user) throw new Error('an inserted user was not found')
  if (isNew) await recordEvent(deps, trx, actor, { type: 'user.registered', user: row })
  return { user, isNew }
}
