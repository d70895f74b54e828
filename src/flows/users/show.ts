import type { Deps } from '../../deps.ts'
import { DAY } from '../../platform/clock.ts'
import { type AuditLog, countFailures, listLastAuditLogs } from '../../store/audit-logs.ts'
import { listPasskeys, type Passkey } from '../../store/passkeys.ts'
import { listSessions, type OwnedSession } from '../../store/sessions.ts'
import { findTotpSecret } from '../../store/totp-secrets.ts'
import type { User } from '../../store/users.ts'
import { resolveUser } from '../named-user.ts'
import { enrolledFactors } from '../policy/factor.ts'

export interface UserDetail {
  user: User
  sessions: OwnedSession[]
  events: AuditLog[]
  passkeys: Passkey[]
  totpSince: number | null
  recoveryCodes: number
  /** In the last 24 hours. */
  failures: number
}

/** A user with their live sessions, factors and last events. Throws USER_NOT_FOUND. */
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
