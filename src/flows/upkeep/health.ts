import type { Deps } from '../../deps.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { StoreError } from '../../store/db.ts'
import { hasPendingMigrations } from '../../store/migrate.ts'
import { findFailingMail } from '../../store/outbox.ts'
import { probeDatabase } from './database-probe.ts'

/** What does not work, and since when. */
export interface Problem {
  what: 'database' | 'schema' | 'mail' | 'log'
  /** Shown to strangers, so it names no place. */
  reason: string
  since: string | null
}

export interface Readiness {
  isReady: boolean
  checks: {
    /** `failed` also while the last write failed. */
    database: 'ok' | 'failed'
    schema: 'ok' | 'outdated' | 'unknown'
    /** `waiting`: the mail server has not accepted a mail, which will be retried. */
    mail: 'ok' | 'waiting' | 'unknown'
  }
  problems: Problem[]
}

/**
 * Says whether this process can serve a sign-in. It asks the database, and after a failed write it tries another. A
 * failing mail server does not make it unready.
 */
export async function checkReadiness(deps: Pick<Deps, 'db' | 'log' | 'clock' | 'troubles'>): Promise<Readiness> {
  await probeDatabase(deps)
  const found = await lookInside(deps)
  const troubles = deps.troubles.list()
  const isWritable = !troubles.some(({ name }) => name === 'database')
  const problems: Problem[] = troubles.map(({ name, reason, since }) => ({
    what: name,
    reason,
    since: toRfc3339(since),
  }))
  if (found === undefined) {
    return { isReady: false, checks: { database: 'failed', schema: 'unknown', mail: 'unknown' }, problems }
  }
  const { isOutdated, failing } = found
  if (isOutdated) problems.push(OUTDATED)
  if (failing) problems.push({ what: 'mail', reason: NOT_ACCEPTED, since: toRfc3339(failing.createdAt) })
  return {
    isReady: isWritable && !isOutdated,
    checks: {
      database: isWritable ? 'ok' : 'failed',
      schema: isOutdated ? 'outdated' : 'ok',
      mail: isOutdated ? 'unknown' : failing ? 'waiting' : 'ok',
    },
    problems,
  }
}

const OUTDATED: Problem = { what: 'schema', reason: 'the database needs a migration', since: null }
const NOT_ACCEPTED = 'the mail server does not accept mails, which will be retried'

/** Undefined: the database cannot be read. */
async function lookInside({ db, log, troubles }: Pick<Deps, 'db' | 'log' | 'troubles'>) {
  try {
    return await db.read(async (sql) => {
      const isOutdated = await hasPendingMigrations(sql)
      return { isOutdated, failing: isOutdated ? undefined : await findFailingMail(sql) }
    })
  } catch (error) {
    // A known outage has its line in the log.
    if (!(error instanceof StoreError)) {
      troubles.begin('database', { reason: 'the database could not be read' })
      log.error('database not ready', { error })
    }
    return undefined
  }
}
