// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are parts of sources
import type { HandMade } from '../by-hand.ts'

/** Against promises about the operation of a daemon. */
export const OPERATION: HandMade = {
  'src/cli/output/clean.ts': {
    tests: ['cli/output'],
    mutants: {
      'no control byte is in a list': ['cells.map(plain)', 'cells'],
    },
  },
  'src/cli/output/confirm.ts': {
    tests: ['cli/confirm'],
    mutants: {
      'Enter is no': ['/^y(es)?$/i.test(answer)', '/^(y(es)?)?$/i.test(answer)'],
      '--confirm needs the whole name': ['answer.trim() !== name', '!name.startsWith(answer.trim())'],
    },
  },
  'src/cli/crash-reports.ts': {
    tests: ['cli/report'],
    mutants: { 'no token is in a crash report': ["hideTokens(thrown.stack ?? '')", "(thrown.stack ?? '')"] },
  },
  'src/cli/output/report.ts': {
    tests: ['cli/report'],
    mutants: {
      'no token is in the message of a bug': ['${hideTokens(text)}', '${text}'],
    },
  },
  'src/config/load.ts': {
    tests: ['config/discovery'],
    mutants: {
      'a configuration file that AUTHD_CONFIG names must exist': [
        "named?.why === '--config' || named?.why === 'AUTHD_CONFIG'",
        "named?.why === '--config'",
      ],
    },
  },
  'src/daemon.ts': {
    tests: ['daemon/end'],
    mutants: {
      'a daemon that stops writes its last counts': ['flushTally(deps)', 'undefined'],
      'a daemon that stops seals the audit log': ['sealAudit(deps)', 'undefined'],
    },
  },
  'src/flows/operator/lockdown.ts': {
    tests: ['http/lockdown', 'http/settings'],
    mutants: {
      'a lockdown ends links, codes and invitations': ["await bumpEpoch(trx, 'signins')", 'undefined'],
    },
  },
  'src/flows/limits/lockout-risk.ts': {
    tests: ['http/settings', 'http/lockout-risk'],
    mutants: {
      'the guard against a lockout knows each spelling of deny': ["value.toLowerCase() !== 'deny'", "value !== 'deny'"],
      'two commands at once lock no operator out': ["await holdTopic(trx, 'ip_filters')", 'undefined'],
      'a setting of another process counts at once': [
        'await heldDefaults(deps, trx)',
        'deps.config.current().ipfilter',
      ],
      'a removal is a risk where the operator was let in before': ['&& !isBlocked(before, own, scope)', ''],
      'an operator whom a new allow-list leaves out is warned': [
        '!judgeAddress(rules, { ip: own, ...asked }).isBlocked',
        'true',
      ],
      'removing a block never locks out': ["rule.action === 'allow' && isRemoved(rule)", 'isRemoved(rule)'],
    },
  },
  'src/flows/outbox/webhook-delivery.ts': {
    tests: ['webhooks/delivery'],
    mutants: {
      'Retry-After counts for a day at most': [
        'Math.min(retryAfterMs(reply?.retryAfter, endedAt), LONGEST_RETRY_AFTER_MS)',
        'retryAfterMs(reply?.retryAfter, endedAt)',
      ],
    },
  },
  'src/flows/outbox/webhook-endpoint.ts': {
    tests: ['webhooks/configured', 'webhooks/endpoint-count'],
    mutants: {
      'endpoints are counted one unit after the other': ["await holdTopic(trx, 'webhooks')", 'undefined'],
      'a secret is rotated once': ['secretsOf(deps, before, now)[0] === secret', 'false'],
      'there are 100 webhook endpoints': [
        '(await listWebhookEndpoints(trx)).length >= MOST_ENDPOINTS',
        '(await listWebhookEndpoints(trx)).length > MOST_ENDPOINTS',
      ],
    },
  },
  'src/flows/upkeep/old-row-hold.ts': {
    tests: ['jobs/by-the-clock', 'jobs/list'],
    mutants: {
      'a start far from the last one holds old rows': ['isWithin(now, last.at, LATE_MS)', 'true'],
      'a start soon after the last one goes on with its hold': [
        'isBelieved ? last.leftMs : HOLD_MS',
        'isBelieved ? 0 : HOLD_MS',
      ],
      'a hold ends': ['Math.max(0, Math.ceil(leftMs))', 'HOLD_MS'],
    },
  },
  'src/jobs/by-the-clock.ts': {
    tests: ['jobs/list', 'jobs/by-the-clock'],
    mutants: {
      'a daemon deletes old rows': ['await deleteOldRows(deps)', 'undefined'],
      'a clock far ahead deletes no rows': ['steady() >= held.rows', 'true'],
      'a clock ahead deletes no claims': ['steady() >= held.answers', 'true'],
      'a start deletes no claims': ['steady() + HELD_MS', 'steady()'],
      'a start deletes no rows': ['await holdAtStart(deps)', '0 * (await holdAtStart(deps))'],
      'a step is kept for the next start': ['await keepHold(deps, held.rows - now)', 'undefined'],
    },
  },
  'src/jobs/list.ts': {
    tests: ['jobs/list'],
    mutants: {
      'a setting comes into force in a daemon': ['wholly(putInForce)', 'async () => false'],
      'a daemon seals the audit log': ['wholly(sealAudit)', 'async () => false'],
      'a daemon writes its counts': ['wholly(flushTally)', 'async () => false'],
    },
  },
  'src/platform/random.ts': {
    tests: ['platform/random'],
    mutants: {
      '1,000 secrets of one process differ': ['pool.length < length', 'pool.length === 0'],
      'a secret is erased from the pool of random bytes': ['pool = pool.subarray(length)', 'pool = pool.subarray(0)'],
    },
  },
  'src/platform/secret.ts': {
    tests: ['platform/secret', 'platform/log.redaction'],
    mutants: {
      'the token of a way back is hidden': ['|emc|', '|'],
    },
  },
  'src/platform/slow-hash.ts': {
    tests: ['platform/secret'],
    mutants: {
      'the cost of scrypt': ['2 ** 15', '2 ** 14'],
    },
  },
  'src/store/node-leases.ts': {
    tests: ['http/clock.stepped', 'store/once-only.race'],
    mutants: {
      'a lease from the future is not held': [
        "'(leases.expires_at > ? AND leases.expires_at <= ?)'",
        "'(leases.expires_at > ? AND (leases.expires_at <= ? OR 1 = 1))'",
      ],
    },
  },
  'src/startup/backup-files.ts': {
    tests: ['cli/backup-encrypted'],
    mutants: {
      'the secret beside an encrypted backup is encrypted': [
        'await bodyFor(recipients, `${secret}\\n`)',
        '`${secret}\\n`',
      ],
      'the plain copy of an encrypted backup is not made in the folder of backups': [
        'withDraft(config.dataDir, ',
        'withDraft(folder, ',
      ],
    },
  },
  'src/startup/postgres-dump.ts': {
    tests: ['cli/backup-postgres'],
    mutants: {
      'a PostgreSQL whose restore was cut short is closed': ['await mark()', 'void mark'],
    },
  },
  'src/store/sqlite-backup.ts': {
    tests: ['store/damaged-backup'],
    mutants: {
      'a damaged copy before a migration is refused': ["verdict === 'ok'", 'verdict !== undefined'],
    },
  },
  'src/store/outbox.ts': {
    tests: ['store/once-only.rows', 'flows/outbox', 'store/once-only.race'],
    mutants: {
      'a mail that is over is not cancelled by its late try': [
        "state IN ('pending', 'expired')",
        "state IN ('pending', 'expired', 'cancelled')",
      ],
      'a mail whose try was taken over is finished by the newer one only': [
        "last_error = ? WHERE id = ? AND state = 'pending' AND tries = ?`",
        "last_error = ? WHERE id = ? AND state = 'pending' AND (tries = ? OR 1 = 1)`",
      ],
    },
  },
  'src/store/webhook-endpoints.ts': {
    tests: ['store/once-only.rows', 'webhooks/delivery', 'http/clock.stepped', 'store/once-only.race'],
    mutants: {
      'a lease that another worker took is not released': [
        'WHERE id = ? AND busy_until = ?',
        'WHERE id = ? AND (busy_until = ? OR 1 = 1)',
      ],
    },
  },
}
