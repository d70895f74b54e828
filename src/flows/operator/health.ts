import type { Deps } from '../../deps.ts'
import { hasPendingMigrations } from '../../store/migrate.ts'
import { hasFailingMail } from '../../store/outbox.ts'

export interface Readiness {
  isReady: boolean
  checks: {
    database: 'ok' | 'failed'
    schema: 'ok' | 'outdated' | 'unknown'
    /** `waiting`: the mail server has not taken what it was given, and it is tried again. */
    mail: 'ok' | 'waiting' | 'unknown'
  }
}

/** Can this process serve a sign-in? Asks the database itself; mail that does not get out makes it no less ready. */
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
    deps.log.warn('readiness: the database does not answer', { error })
    return { isReady: false, checks: { database: 'failed', schema: 'unknown', mail: 'unknown' } }
  }
}
