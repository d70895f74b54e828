import type { Deps } from '../../deps.ts'
import {
  type AuditErasure,
  deleteAuditErasure,
  findAuditErasure,
  keepAuditErasure,
} from '../../store/audit-erasures.ts'
import { eraseAuditLogs } from '../../store/audit-logs.ts'
import type { Trx } from '../../store/db.ts'
import { deleteSuppression } from '../../store/mail-suppressions.ts'
import { deleteFinishedMailTo, markErasedMailTo } from '../../store/outbox.ts'
import { findUserByEmail, type User } from '../../store/users.ts'

/** Rows per unit, so that no unit holds the writer for long. */
const BATCH = 500

/**
 * Erases what the audit log says of a user (address, IP address, browser, and personal metadata), and the mails to them,
 * in the unit that has deleted them. What happened stays, under the user's id. A job does what is beyond one batch.
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

/**
 * The rows of a user name their former addresses, too. One that another user has now is left alone, and so are other
 * people's rows with an address that the user only entered.
 */
async function eraseBatch(trx: Trx, erasure: AuditErasure): Promise<void> {
  const { moreAfter, emails, requested } = await eraseAuditLogs(trx, { ...erasure, limit: BATCH })
  const isMore = erasure.kind === 'email' && (await eraseMailTo(trx, erasure.subject))
  if (moreAfter !== undefined || isMore) {
    await keepAuditErasure(trx, { ...erasure, afterId: moreAfter ?? erasure.afterId })
  }
  if (erasure.kind === 'email') return
  for (const subject of emails) {
    if (!(await findUserByEmail(trx, subject))) await eraseBatch(trx, { kind: 'email', subject, afterId: '' })
  }
  for (const address of requested) if (!(await findUserByEmail(trx, address))) await eraseMailTo(trx, address)
}

/** Deletes what was mailed to an address, and what mail servers said of it. Waiting notices go out first. */
async function eraseMailTo(trx: Trx, address: string): Promise<boolean> {
  await deleteSuppression(trx, address)
  await markErasedMailTo(trx, address)
  return (await deleteFinishedMailTo(trx, address, BATCH)) === BATCH
}
