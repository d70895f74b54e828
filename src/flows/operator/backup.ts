import type { Deps } from '../../deps.ts'
import { findSystemConfig, LAST_BACKUP, setSystemConfig } from '../../store/system-config.ts'
import { type Actor, recordEvent } from '../record-event.ts'

/** Records a backup that is complete. It counts for the metric of the last backup. */
export async function recordBackup(
  deps: Pick<Deps, 'clock' | 'db' | 'metrics' | 'random'>,
  actor: Actor,
  {
    name,
    createdAt,
    hasSecret,
    isEncrypted,
  }: { name: string; createdAt: number; hasSecret: boolean; isEncrypted: boolean },
): Promise<void> {
  await deps.db.write(async (trx) => {
    await setSystemConfig(trx, { key: LAST_BACKUP, value: String(createdAt), now: deps.clock.now(), by: actor.id })
    const metadata = { backup: name, with_secret: hasSecret, encrypted: isEncrypted }
    await recordEvent(deps, trx, actor, { type: 'backup.created', metadata })
  })
}

/** Epoch milliseconds; 0 without a backup. */
export async function lastBackupAt(deps: Pick<Deps, 'db'>): Promise<number> {
  return Number((await deps.db.read((sql) => findSystemConfig(sql, LAST_BACKUP))) ?? 0)
}
