import type { Deps } from '../../deps.ts'
import {
  type AuditErasure,
  deleteAuditErasure,
  findAuditErasure,
  keepAuditErasure,
} from '../../store/audit-erasures.ts'
import { eraseAuditLogs } from '../../store/audit-logs.ts'
import type { Trx } from '../../store/db.ts'
import { findUserByEmail, type User } from '../../store/users.ts'

/** Rows per unit, so that no unit holds the writer for long. */
const BATCH = 500

/**
 * Erases what the audit log says of a user by name, address, device and place, in the unit that has deleted them.
 * What happened stays, under the user's id. A job does what is beyond one batch.
 */
export async function eraseEventsOf(trx: Trx, { id, email }: Pick<User, 'id' | 'email'>): Promise<void> {
  await eraseBatch(trx, { kind: 'user', subject: id, afterId: '' })
  await eraseBatch(trx, { kind: 'email', subject: email, afterId: '' })
}

/** Goes on with one erasure. Returns true if there may be more to do. */
export async function eraseMore(deps: Pick<Deps, 'db'>): Promise<boolean> {
  if (!(await deps.db.read(findAuditErasure))) return false
  return await deps.db.write(async (trx) => {
    const erasure = await findAuditErasure(trx)
    if (!erasure) return false
    await deleteAuditErasure(trx, erasure)
    await eraseBatch(trx, erasure)
    return true
  })
}

/** The rows of a user name their former addresses, too. One that another user has now is left alone. */
async function eraseBatch(trx: Trx, erasure: AuditErasure): Promise<void> {
  const { moreAfter, emails } = await eraseAuditLogs(trx, { ...erasure, limit: BATCH })
  if (moreAfter !== undefined) await keepAuditErasure(trx, { ...erasure, afterId: moreAfter })
  if (erasure.kind === 'email') return
  for (const subject of emails) {
    if (!(await findUserByEmail(trx, subject))) await eraseBatch(trx, { kind: 'email', subject, afterId: '' })
  }
}
