import type { Deps } from '../../deps.ts'
import { hasPendingMigrations } from '../../store/migrate.ts'
import { hasFailingMail } from '../../store/outbox.ts'

export interface Readiness {
  isReady: boolean
  checks: {
    database: 'ok' | 'failed'
    schema: 'ok' | 'outdated' | 'unknown'
    /** `waiting`: the mail server has not accepted a mail, which will be retried. */
    mail: 'ok' | 'waiting' | 'unknown'
  }
}

/**
 * Says whether this process can serve a sign-in. It asks the database; a failing mail server does not make it unready.
 */
export async function checkReadiness(deps: Pick<Deps, 'db' | 'log'>): Promise<Readiness> {
  try {
    const { isOutdated, isMailWaiting } = await deps.db.read(async (sql) => {
      const isBehind = await hasPendingMigrations(sql)
      return { isOutdated: isBehind, isMailWaiting: !isBehind && (await hasFailingMail(sql)) }
    })
    return {
      isReady: !isOutdated,
      checks: {
        database: 'ok',
        schema: isOutdated ? 'outdated' : 'ok',
        mail: isOutdated ? 'unknown' : isMailWaiting ? 'waiting' : 'ok',
      },
    }
  } catch (error) {
    deps.log.warn('database not ready', { error })
    return { isReady: false, checks: { database: 'failed', schema: 'unknown', mail: 'unknown' } }
  }
}
