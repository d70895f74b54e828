import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { EmailAddress } from '../../platform/email-address.ts'
import { shell } from '../../platform/shell.ts'
import type { Trx } from '../../store/db.ts'
import { findUserByEmail, insertUser, type User } from '../../store/users.ts'
import { partsOf } from '../bulk-units.ts'
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

/** Adds users, in small units, after checking that none exists that may not. Throws CONFLICT. */
export async function addUsers(deps: Deps, actor: Actor, input: AddUsers): Promise<AddedUser[]> {
  const { emails, mayExist } = input
  if (!mayExist) for (const email of emails) await refuseTaken(deps, email)
  const all: AddedUser[] = []
  for (const part of partsOf(emails)) {
    const added = await deps.db.write(async (trx) => {
      const added: AddedUser[] = []
      for (const email of part) {
        const one = await addUserIn(deps, trx, actor, { ...input, email })
        if (!one.isNew && !mayExist) throw existsError(one.user, all.length)
        added.push(one)
      }
      return added
    })
    all.push(...added)
  }
  return all
}

/** Throws CONFLICT for the address of a user. */
export async function refuseTaken(deps: Pick<Deps, 'db'>, { canonical }: EmailAddress): Promise<void> {
  const user = await deps.db.read((sql) => findUserByEmail(sql, canonical))
  if (user) throw existsError(user, 0)
}

/** `added`: how many were added before somebody else added this one. */
function existsError({ id, email }: User, added: number): AuthdError {
  const done = added === 0 ? 'No user was added' : `Only the first ${added} users were added`
  return new AuthdError('CONFLICT', {
    message: `${email} exists already (${id}). ${done}.`,
    suggestions: [shell`authd users show ${email}`, 'authd users add … --if-not-exists'],
  })
}

/** Like addUsers, for one user who may exist. */
export async function addUser(
  deps: Deps,
  actor: Actor,
  input: { email: EmailAddress; name: string | null; isVerified: boolean },
): Promise<AddedUser> {
  return await deps.db.write((trx) => addUserIn(deps, trx, actor, input))
}

/** Like addUser, in a unit that does more. */
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
