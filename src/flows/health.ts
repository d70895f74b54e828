import type { Deps } from '../deps.ts'
import { hasPendingMigrations } from '../store/migrate.ts'

export interface Readiness {
  isReady: boolean
  checks: { database: 'ok' | 'failed'; schema: 'ok' | 'outdated' | 'unknown' }
}

/** Can this process serve a sign-in? Asks the database itself; mail that does not get out makes it no less ready. */
export async function checkReadiness(deps: Pick<Deps, 'db' | 'log'>): Promise<Readiness> {
  try {
    const isOutdated = await deps.db.read(hasPendingMigrations)
    return {
      isReady: !isOutdated,
      checks: { database: 'ok', schema: isOutdated ? 'outdated' : 'ok' },
    }
  } catch (error) {
    deps.log.warn('readiness: the database does not answer', { error })
    return {
      isReady: false,
      checks: { database: 'failed', schema: 'unknown' },
    }
  }
}
