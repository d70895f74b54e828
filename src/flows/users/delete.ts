import type { Deps } from '../../deps.ts'
import { mailboxOf } from '../../platform/mailbox.ts'
import { deleteAnswersOf } from '../../store/answers.ts'
import type { Trx } from '../../store/db.ts'
import { listFormerAddresses, listRestorableAddresses } from '../../store/email-changes.ts'
import { deleteFailuresOf } from '../../store/failed-attempts.ts'
import { deleteBucketsOf } from '../../store/rate-limits.ts'
import { deleteAttemptsOf } from '../../store/signin-attempts.ts'
import { deleteUser, findUserByEmail, lockUser, type User } from '../../store/users.ts'
import { notify } from '../outbox/notice.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { endAllOf } from './end-all.ts'
import { eraseEventsOf } from './erase-events.ts'

/** How many former addresses get the mail about a deletion, those that were replaced first. */
const FORMER_ADDRESSES = 10

/** How many former addresses lose their counts at once. A user has few within the 30 days that changes are kept. */
const FORMER_ERASED = 100

export interface ChangedUser {
  isChanged: boolean
  sessionsEnded: number
}

/**
 * Deletes a user, and all that goes with a user: sessions, sign-ins, factors, devices, links, counts of limits, answers
 * kept for repetition, and waiting mails. erase-events.ts erases what is personal in the audit log and the mails that were
 * sent. The sign-up policy decides whether they can sign up again.
 */
export async function removeUser(deps: Deps, actor: Actor, { id }: Pick<User, 'id'>): Promise<ChangedUser> {
  return await deps.db.write(async (trx) => {
    const user = await lockUser(trx, id)
    return user ? await removeUserIn(deps, trx, actor, user) : { isChanged: false, sessionsEnded: 0 }
  })
}

/** Like removeUser, inside the unit that locks the user. The user is told by mail. */
export async function removeUserIn(deps: Deps, trx: Trx, actor: Actor, user: User): Promise<ChangedUser> {
  const sessionsEnded = await endAllOf(deps, trx, actor, user, 'user_deleted')
  await notifyDeleted(deps, trx, actor, user)
  await recordEvent(deps, trx, actor, { type: 'user.deleted', user: { id: user.id } })
  await forgetCounts(trx, user)
  await deleteAnswersOf(trx, user.id)
  // Factors, sessions and the user's other rows go with it: migrations declare them ON DELETE CASCADE.
  const isChanged = await deleteUser(trx, user.id)
  await eraseEventsOf(trx, user)
  return { isChanged, sessionsEnded }
}

/**
 * Deletes the attempts of a user, and what was counted for them and for the addresses that they have proven. One that another
 * user has now is left alone.
 */
async function forgetCounts(trx: Trx, user: User): Promise<void> {
  const former = await listFormerAddresses(trx, user.id, FORMER_ERASED)
  const emails = [user.email]
  for (const email of former) if (!(await findUserByEmail(trx, email))) emails.push(email)
  await deleteAttemptsOf(trx, { userId: user.id, emails })
  for (const email of emails) {
    await deleteFailuresOf(trx, { userId: user.id, email })
    for (const subject of new Set([email, mailboxOf(email)])) await deleteBucketsOf(trx, subject)
  }
  await deleteBucketsOf(trx, user.id)
}

/**
 * Tells a user that their account is deleted, also at the addresses that were replaced lately: a thief may have changed
 * the address first, and often. A user who has never proven an address is told nothing.
 */
async function notifyDeleted(deps: Deps, trx: Trx, actor: Actor, user: User): Promise<void> {
  const now = deps.clock.now()
  const former = await listRestorableAddresses(trx, { userId: user.id, now }, FORMER_ADDRESSES)
  const current = user.firstVerifiedAt === null ? [] : [user.email]
  for (const email of new Set([...current, ...former])) {
    await notify(deps, trx, actor, { user: { ...user, email }, template: 'account_deleted' })
  }
}
