import type { Deps } from '../../deps.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import { deleteFailuresOf, type Failures } from '../../store/failed-attempts.ts'
import { deleteBucketsOf } from '../../store/rate-limits.ts'
import { lockUser, type User } from '../../store/users.ts'
import { type Origin, recordEvent } from '../event.ts'
import { resolveUser } from '../named-user.ts'

export interface Unlocked {
  user: User
  lifted: Failures[]
}

/** Lifts every brake that wrong codes have put on these people, and what their mailboxes were mailed; answers the brakes. */
export async function unlockUsers(deps: Deps, origin: Origin, names: string[]): Promise<Unlocked[]> {
  const people: User[] = []
  for (const name of names) people.push(await resolveUser(deps, name))
  const done: Unlocked[] = []
  for (const user of people) done.push({ user, lifted: await unlock(deps, origin, user) })
  return done
}

async function unlock(deps: Deps, origin: Origin, user: User): Promise<Failures[]> {
  return await deps.db.write(async (trx) => {
    await lockUser(trx, user.id)
    const lifted = await deleteFailuresOf(trx, { userId: user.id, email: user.email })
    if ((await deleteBucketsOf(trx, user.email)).length > 0) await bumpEpoch(trx, 'rate_limits')
    if (lifted.length === 0) return []
    const metadata = { lifted: lifted.map(({ kind, failures }) => `${kind} ${failures}`) }
    await recordEvent(deps, trx, origin, { type: 'user.unlocked', userId: user.id, email: user.email, metadata })
    return lifted
  })
}
