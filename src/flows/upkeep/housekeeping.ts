import type { Deps } from '../../deps.ts'
import { DAY, HOUR } from '../../platform/clock.ts'
import { firstId } from '../../platform/random.ts'
import { deleteExpiredAnswers } from '../../store/answers.ts'
import { deleteAuditLogsBefore } from '../../store/audit-logs.ts'
import type { Trx } from '../../store/db.ts'
import { deleteExpiredDevices } from '../../store/devices.ts'
import { deleteEmailChangesBefore } from '../../store/email-changes.ts'
import { deleteFailuresBefore } from '../../store/failed-attempts.ts'
import { deleteInvitationsBefore } from '../../store/invitations.ts'
import { deleteIpFiltersExpiredBefore } from '../../store/ip-filters.ts'
import { deleteSuppressionsBefore } from '../../store/mail-suppressions.ts'
import { deleteOutboxBefore, deleteUnsentMailBefore, scrubExpiredBodies } from '../../store/outbox-retention.ts'
import { deleteExpiredChallenges } from '../../store/passkey-challenges.ts'
import { deleteBucketsEndedBefore } from '../../store/rate-limits.ts'
import { deleteRecoveryLinksBefore } from '../../store/recovery-links.ts'
import { deleteSessionsEndedBefore } from '../../store/sessions.ts'
import { deleteSigninAttemptsBefore } from '../../store/signin-attempts.ts'
import { deleteSigningKeysBefore } from '../../store/signing-keys.ts'
import { hasRightClock } from '../right-clock.ts'

/** How long ended sessions, finished mails and counts of wrong codes are kept. */
export const KEPT_MS = 30 * DAY
/** How long audit events are kept. */
export const AUDIT_KEPT_MS = 400 * DAY

/** Rows per unit, so that no unit holds the writer for long. */
const BATCH = 200

/**
 * Deletes rows that nobody needs: attempts after a day, ended sessions and finished mails after 30 days, audit events
 * after 400. Every table that grows by itself has a line here, but answers. Deletes nothing while this machine's clock differs from
 * the database's.
 */
export async function deleteOldRows(deps: Pick<Deps, 'clock' | 'db' | 'log'>): Promise<void> {
  if (!(await hasRightClock(deps))) return
  const now = deps.clock.now()
  await deleteInBatches(deps, (trx) => deleteSigninAttemptsBefore(trx, now - DAY, BATCH))
  await deleteInBatches(deps, (trx) => deleteSessionsEndedBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteOutboxBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteExpiredDevices(trx, now, BATCH))
  await deleteInBatches(deps, (trx) => deleteExpiredChallenges(trx, now, BATCH))
  await deleteInBatches(deps, (trx) => deleteBucketsEndedBefore(trx, now - HOUR, BATCH))
  await deleteInBatches(deps, (trx) => scrubExpiredBodies(trx, now, BATCH))
  await deleteInBatches(deps, (trx) => deleteSuppressionsBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteFailuresBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteEmailChangesBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteInvitationsBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteRecoveryLinksBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteUnsentMailBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteIpFiltersExpiredBefore(trx, now - KEPT_MS, BATCH))
  await deleteInBatches(deps, (trx) => deleteAuditLogsBefore(trx, firstId('evt', now - AUDIT_KEPT_MS), BATCH))
  await deleteInBatches(deps, (trx) => deleteSigningKeysBefore(trx, now - KEPT_MS, BATCH))
}

/**
 * Deletes answers that nobody can have again, because they hold secrets, even if sealed. Deletes none while this machine's
 * clock differs from the database's, because some also say that something is spent.
 */
export async function deleteOldAnswers(deps: Pick<Deps, 'db' | 'clock' | 'log'>): Promise<void> {
  if (!(await hasRightClock(deps))) return
  await deleteInBatches(deps, (trx) => deleteExpiredAnswers(trx, deps.clock.now(), BATCH))
}

async function deleteInBatches(deps: Pick<Deps, 'db'>, deleteBatch: (trx: Trx) => Promise<number>): Promise<void> {
  while ((await deps.db.write(deleteBatch)) === BATCH) {
    // Goes on until a batch is not full.
  }
}
