import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { type AuditLog, listLastAuditLogs } from '../../store/audit-logs.ts'
import { listPasskeys, type Passkey } from '../../store/passkeys.ts'
import { listSessions, type OwnedSession } from '../../store/sessions.ts'
import { findTotpSecret } from '../../store/totp-secrets.ts'
import { lockUser, type User } from '../../store/users.ts'
import { sealAudit } from '../audit/numbering.ts'
import { decide } from '../decide.ts'
import { enrolledFactors } from '../policy/factor.ts'
import { type Actor, recordEvent } from '../record-event.ts'

/** The most events in an export. A full list says that it was cut. */
const EVENTS_MAX = 10_000
const SESSIONS_MAX = 1000

export interface PersonalData {
  user: User
  sessions: OwnedSession[]
  passkeys: Passkey[]
  totpSince: number | null
  recoveryCodes: number
  events: AuditLog[]
  exportedAt: number
}

/**
 * Exports a user's data (access request, GDPR art. 15), without secrets, and records that. Throws USER_NOT_FOUND for a user
 * deleted meanwhile.
 */
export async function exportUser(deps: Deps, actor: Actor, { id }: Pick<User, 'id'>): Promise<PersonalData> {
  const exportedAt = deps.clock.now()
  const user = await decide(deps, async (trx) => {
    const user = await lockUser(trx, id)
    if (!user) return new AuthdError('USER_NOT_FOUND')
    await recordEvent(deps, trx, actor, { type: 'user.exported', user })
    return user
  })
  // Lists show sealed events only, and this one should be among them.
  await sealAudit(deps)
  return await deps.db.read(async (sql) => ({
    user,
    sessions: await listSessions(sql, { userId: user.id }, SESSIONS_MAX),
    passkeys: await listPasskeys(sql, user.id),
    totpSince: (await findTotpSecret(sql, user.id))?.confirmedAt ?? null,
    recoveryCodes: (await enrolledFactors(sql, user.id)).recoveryCodes,
    events: (await listLastAuditLogs(sql, { userId: user.id }, EVENTS_MAX)).reverse(),
    exportedAt,
  }))
}
