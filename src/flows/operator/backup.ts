import type { Deps } from '../../deps.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import { cancelAllMail } from '../../store/outbox.ts'
import { findSystemConfig, setSystemConfig } from '../../store/system-config.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { recordSignedOut, signOutEverybodyIn } from '../sessions/sign-out-everybody.ts'

const ENTRY = 'last_backup_at'

/** Records a backup that is complete. It counts for the metric of the last backup. */
export async function recordBackup(
  deps: Pick<Deps, 'clock' | 'db' | 'metrics' | 'random'>,
  actor: Actor,
  { name, createdAt, withSecret }: { name: string; createdAt: number; withSecret: boolean },
): Promise<void> {
  await deps.db.write(async (trx) => {
    await setSystemConfig(trx, { key: ENTRY, value: String(createdAt), now: deps.clock.now(), by: actor.id })
    const metadata = { backup: name, with_secret: withSecret }
    await recordEvent(deps, trx, actor, { type: 'backup.created', metadata })
  })
}

/** Epoch milliseconds; 0 without a backup. */
export async function lastBackupAt(deps: Pick<Deps, 'db'>): Promise<number> {
  return Number((await deps.db.read((sql) => findSystemConfig(sql, ENTRY))) ?? 0)
}

export interface RestoredState {
  endedSessions: number
  cancelledMails: number
}

/**
 * Ends what became valid again with a restored database: sessions, sign-ins with their links and codes, recovery links,
 * and mails that may have been sent already.
 */
export async function endRestored(
  deps: Pick<Deps, 'clock' | 'db' | 'metrics' | 'random'>,
  actor: Actor,
  backup: string,
): Promise<RestoredState> {
  const now = deps.clock.now()
  const { signedOut, cancelledMails } = await deps.db.write(async (trx) => {
    await bumpEpoch(trx, 'signins')
    const cancelledMails = await cancelAllMail(trx, now)
    const metadata = { backup, cancelled_mails: cancelledMails }
    await recordEvent(deps, trx, actor, { type: 'backup.restored', metadata })
    return { cancelledMails, signedOut: await signOutEverybodyIn(deps, trx, actor, 'revoked_by_operator') }
  })
  const ended = await recordSignedOut(deps, actor, signedOut)
  return { endedSessions: ended.length, cancelledMails }
}
