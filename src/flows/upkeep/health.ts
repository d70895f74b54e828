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
 * failing mail server does not make it unready, and neither does a migration of a newer authd: instances of the older
 * version go on while the newer one starts. If the database is silent until `late`, it answers without it, because probes
 * do not wait for long.
 */
export async function checkReadiness(
  deps: Pick<Deps, 'db' | 'log' | 'clock' | 'troubles'>,
  late: AbortSignal,
): Promise<Readiness> {
  const found = await Promise.race([askDatabase(deps), silenceUntil(late)])
  const problems = problemsOf(deps.troubles)
  const isWritable = !problems.some(({ what }) => what === 'database')
  if (found === 'unreadable' || found === 'silent') {
    if (isWritable) problems.push(SILENT)
    return { isReady: false, checks: { database: 'failed', schema: 'unknown', mail: 'unknown' }, problems }
  }
  const { isOutdated, failing } = found
  if (isOutdated) problems.push(OUTDATED)
  const isDown = problems.some(({ what }) => what === 'mail')
  if (failing && !isDown) problems.push({ what: 'mail', reason: NOT_ACCEPTED, since: toRfc3339(failing.createdAt) })
  return {
    isReady: isWritable && !isOutdated,
    checks: {
      database: isWritable ? 'ok' : 'failed',
      schema: isOutdated ? 'outdated' : 'ok',
      mail: isOutdated ? 'unknown' : failing || isDown ? 'waiting' : 'ok',
    },
    problems,
  }
}

/** What a daemon says before its first start is over: its database is away, or is being migrated. */
export function unreadyBefore({ troubles }: Pick<Deps, 'troubles'>): Readiness {
  const problems = problemsOf(troubles)
  const isAway = problems.some(({ what }) => what === 'database')
  return {
    isReady: false,
    checks: { database: isAway ? 'failed' : 'ok', schema: isAway ? 'unknown' : 'outdated', mail: 'unknown' },
    problems: isAway ? problems : [...problems, OUTDATED],
  }
}

function problemsOf(troubles: Deps['troubles']): Problem[] {
  return troubles.list().map(({ name, reason, since }) => ({ what: name, reason, since: toRfc3339(since) }))
}

/** Until its first unit fails, nobody knows since when. */
const SILENT: Problem = { what: 'database', reason: 'the database does not answer', since: null }
const OUTDATED: Problem = { what: 'schema', reason: 'the database needs a migration', since: null }
const NOT_ACCEPTED = 'the mail server deferred a mail, which will be retried'

async function silenceUntil(late: AbortSignal): Promise<'silent'> {
  await new Promise((resolve) => late.addEventListener('abort', resolve))
  return 'silent'
}

async function askDatabase(deps: Pick<Deps, 'db' | 'log' | 'clock' | 'troubles'>) {
  const { db, log, troubles } = deps
  await probeDatabase(deps)
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
    return 'unreadable'
  }
}
