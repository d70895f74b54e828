import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { DAY } from '../../platform/clock.ts'
import { type EmailAddress, parseEmailAddress } from '../../platform/email-address.ts'
import type { AuditLog } from '../../store/audit-logs.ts'
import { countFailures, listLastAuditLogs } from '../../store/audit-logs.ts'
import type { Trx } from '../../store/db.ts'
import { forgetDevices } from '../../store/devices.ts'
import { cancelMailTo } from '../../store/outbox.ts'
import { listPasskeys, type Passkey } from '../../store/passkeys.ts'
import { endRecoveryLinks } from '../../store/recovery-links.ts'
import { listSessions, type OwnedSession } from '../../store/sessions.ts'
import { endSigninAttempts } from '../../store/signin-attempts.ts'
import { findTotpSecret } from '../../store/totp-secrets.ts'
import {
  deleteUser,
  disableUser,
  enableUser,
  findUser,
  findUserByEmail,
  insertUser,
  listUsersByPrefix,
  lockUser,
  type User,
} from '../../store/users.ts'
import { type Origin, recordEvent } from '../event.ts'
import { enrolledFactors } from '../policy/factor.ts'
import { endSessionsIn } from '../sessions/session.ts'

const PREFIX_MIN = 6

/** The person an operator means: exact id, exact address in any spelling, or a unique start of an id. */
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
      message: `"${text}" is the start of more than one user's id. Give the whole id or the e-mail address.`,
      details: { candidates: found.map(({ id, email }) => ({ id, email })) },
      suggestions: found.map(({ id }) => `authd users show ${id}`),
    })
  }
  if (user) return user
  throw new AuthdError('USER_NOT_FOUND', {
    message: `No user "${text}". A user is named by e-mail address, id, or the first ${PREFIX_MIN} or more characters of the id.`,
    suggestions: ['authd users list'],
  })
}

export interface UserDetail {
  user: User
  sessions: OwnedSession[]
  events: AuditLog[]
  passkeys: Passkey[]
  totpSince: number | null
  recoveryCodes: number
  /** Of the last 24 hours. */
  failures: number
}

/** A person with their live sessions and the last events about them. */
export async function showUser(deps: Deps, text: string, eventLimit: number): Promise<UserDetail> {
  const user = await resolveUser(deps, text)
  const liveAt = deps.clock.now()
  return await deps.db.read(async (sql) => ({
    user,
    sessions: await listSessions(sql, { userId: user.id, liveAt }, 100),
    events: await listLastAuditLogs(sql, { userId: user.id }, eventLimit),
    passkeys: await listPasskeys(sql, user.id),
    totpSince: (await findTotpSecret(sql, user.id))?.confirmedAt ?? null,
    recoveryCodes: (await enrolledFactors(sql, user.id)).recoveryCodes,
    failures: await countFailures(sql, { userId: user.id, since: liveAt - DAY }),
  }))
}

export interface AddUsers {
  emails: EmailAddress[]
  name: string | null
  /** The operator knows the addresses to be theirs; otherwise nobody has proven anything yet. */
  isVerified: boolean
  mayExist: boolean
}

export interface AddedUser {
  user: User
  isNew: boolean
}

/** Adds all of them or, where one is there already and may not be, none. */
export async function addUsers(deps: Deps, origin: Origin, input: AddUsers): Promise<AddedUser[]> {
  return await deps.db.write(async (trx) => {
    const added: AddedUser[] = []
    for (const email of input.emails) {
      const one = await addUserIn(deps, trx, origin, { ...input, email })
      if (!one.isNew && !input.mayExist) {
        throw new AuthdError('CONFLICT', {
          message: `${one.user.email} is there already (${one.user.id}). Nobody was added.`,
          suggestions: [`authd users show ${one.user.email}`, 'authd users add … --if-not-exists'],
        })
      }
      added.push(one)
    }
    return added
  })
}

/** As addUsers, for one who may be there already. */
export async function addUser(
  deps: Deps,
  origin: Origin,
  input: { email: EmailAddress; name: string | null; isVerified: boolean },
): Promise<AddedUser> {
  return await deps.db.write((trx) => addUserIn(deps, trx, origin, input))
}

export async function addUserIn(
  deps: Deps,
  trx: Trx,
  origin: Origin,
  { email, name, isVerified }: { email: EmailAddress; name: string | null; isVerified: boolean },
): Promise<AddedUser> {
  const now = deps.clock.now()
  const id = deps.random.id('usr')
  const emailVerifiedAt = isVerified ? now : null
  const row = { id, email: email.canonical, emailTyped: email.typed, name, emailVerifiedAt, createdAt: now }
  const isNew = await insertUser(trx, row)
  const user = await findUserByEmail(trx, email.canonical)
  if (!user) throw new Error('a user was inserted and is not there')
  if (isNew) await recordEvent(deps, trx, origin, { type: 'user.registered', userId: id, email: email.canonical })
  return { user, isNew }
}

/** The people named, each by changeOne; a name that is nobody's stops it before anybody is changed. */
async function changePeople(
  deps: Deps,
  names: string[],
  changeOne: (user: User) => Promise<ChangedUser>,
): Promise<(ChangedUser & { user: User })[]> {
  const people: User[] = []
  for (const name of names) people.push(await resolveUser(deps, name))
  const changed: (ChangedUser & { user: User })[] = []
  for (const person of people) {
    const change = await changeOne(person)
    const user = await deps.db.read((sql) => findUser(sql, person.id))
    changed.push({ ...change, user: user ?? person })
  }
  return changed
}

export async function disablePeople(
  deps: Deps,
  origin: Origin,
  { names, reason }: { names: string[]; reason: string | null },
): Promise<(ChangedUser & { user: User })[]> {
  return await changePeople(deps, names, (user) => disablePerson(deps, origin, user, reason))
}

export async function enablePeople(
  deps: Deps,
  origin: Origin,
  { names }: { names: string[] },
): Promise<(ChangedUser & { user: User })[]> {
  return await changePeople(deps, names, (user) => enablePerson(deps, origin, user))
}

export interface ChangedUser {
  isChanged: boolean
  sessionsEnded: number
}

/** Keeps a person out: their sessions, links, codes and waiting mails end in the same unit. */
export async function disablePerson(
  deps: Deps,
  origin: Origin,
  user: User,
  reason: string | null,
): Promise<ChangedUser> {
  const now = deps.clock.now()
  return await deps.db.write(async (trx) => {
    await lockUser(trx, user.id)
    const isChanged = await disableUser(trx, { id: user.id, now, reason })
    const sessionsEnded = await endEverythingOf(deps, trx, origin, user, 'user_disabled')
    if (isChanged) {
      const metadata = reason === null ? {} : { reason }
      await recordEvent(deps, trx, origin, {
        type: 'user.disabled',
        userId: user.id,
        email: user.email,
        metadata,
      })
    }
    return { isChanged, sessionsEnded }
  })
}

/** Lets a person in again; what was ended stays ended. */
async function enablePerson(deps: Deps, origin: Origin, user: User): Promise<ChangedUser> {
  return await deps.db.write(async (trx) => {
    await lockUser(trx, user.id)
    const isChanged = await enableUser(trx, user.id)
    if (isChanged)
      await recordEvent(deps, trx, origin, {
        type: 'user.enabled',
        userId: user.id,
        email: user.email,
      })
    return { isChanged, sessionsEnded: 0 }
  })
}

/** Removes a person; the audit log keeps what happened. Whether they may come back is the sign-up policy's. */
export async function deletePerson(deps: Deps, origin: Origin, user: User): Promise<ChangedUser> {
  return await deps.db.write(async (trx) => {
    if (!(await lockUser(trx, user.id))) return { isChanged: false, sessionsEnded: 0 }
    return await deletePersonIn(deps, trx, origin, user)
  })
}

/** As deletePerson, inside the unit that holds the person. */
export async function deletePersonIn(deps: Deps, trx: Trx, origin: Origin, user: User): Promise<ChangedUser> {
  const sessionsEnded = await endEverythingOf(deps, trx, origin, user, 'user_deleted')
  await recordEvent(deps, trx, origin, { type: 'user.deleted', userId: user.id, email: user.email })
  return { isChanged: await deleteUser(trx, user.id), sessionsEnded }
}

async function endEverythingOf(deps: Deps, trx: Trx, origin: Origin, user: User, reason: string): Promise<number> {
  const now = deps.clock.now()
  const ended = await endSessionsIn(deps, trx, origin, {
    filter: { userId: user.id },
    reason,
  })
  await endSigninAttempts(trx, user.email)
  await cancelMailTo(trx, { recipient: user.email, now })
  await forgetDevices(trx, user.id)
  await endRecoveryLinks(trx, user.id)
  return ended.length
}
