import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isAhead, toRfc3339 } from '../../platform/clock.ts'
import { type EmailAddress, parseEmailAddress } from '../../platform/email-address.ts'
import { mailboxOf } from '../../platform/mailbox.ts'
import { foldIp, ipBucket } from '../../platform/net/ip.ts'
import { shell } from '../../platform/shell.ts'
import { listLastAuditLogs } from '../../store/audit-logs.ts'
import { findLastMailTo } from '../../store/outbox.ts'
import { findBucket } from '../../store/rate-limits.ts'
import { findUserByEmail, type User } from '../../store/users.ts'
import { ipRules, judgeAddress } from '../limits/ip-filter.ts'
import { POLICIES, type Policy } from '../limits/rate-limit.ts'
import { resolveUser } from '../named-user.ts'
import { findSuppressed } from '../outbox/suppression.ts'
import { acceptedFactors, enrolledFactors, hasFactor, policyFor } from '../policy/factor.ts'
import { type LockoutState, listLockouts } from '../policy/lockout-admin.ts'
import { maySignIn } from '../policy/signup.ts'
import { findLockdown } from './lockdown.ts'
import type { Lockdown } from './lockdown-entry.ts'

/** One reason why a user can or cannot sign in. `fail` prevents it; `warn` does not. */
export interface Check {
  id: string
  status: 'ok' | 'warn' | 'fail'
  detail: string
  /** A command that helps. */
  fix?: string
}

export interface Explanation {
  verdict: 'can' | 'cannot'
  email: string
  checks: Check[]
}

/** Explains whether a user can sign in now, and from a given address. Changes nothing. Throws VALIDATION_ERROR, USER_NOT_FOUND. */
export async function explainSignIn(
  deps: Deps,
  name: string,
  { ip }: { ip?: string | undefined },
): Promise<Explanation> {
  const { address, user } = await whoIs(deps, name)
  const email = user?.email ?? address.canonical
  const client = ip === undefined ? undefined : foldIp(ip)
  if (ip !== undefined && client === undefined)
    throw new AuthdError('VALIDATION_ERROR', { message: `--ip: "${ip}" is not an IP address.` })
  const lockdown = await findLockdown(deps)
  const checks = [
    checkUser(deps, email, { user, lockdown }),
    ...checkLockdown(lockdown),
    ...(user ? await checkLockouts(deps, user) : []),
    ...(client === undefined ? [] : await checkAddress(deps, client)),
    await checkMailLimit(deps, email, client),
    ...(user ? await checkFactors(deps, user) : []),
    await checkMail(deps, email, lockdown),
    ...(user ? await lastFailures(deps, user) : []),
  ]
  return { verdict: checks.some(({ status }) => status === 'fail') ? 'cannot' : 'can', email, checks }
}

/** A user as operators name them, or an address without a user. */
async function whoIs(deps: Deps, name: string): Promise<{ address: EmailAddress; user: User | undefined }> {
  const address = parseEmailAddress(name)
  if (!address) {
    const user = await resolveUser(deps, name)
    return { address: { canonical: user.email, typed: user.emailTyped }, user }
  }
  return { address, user: await deps.db.read((sql) => findUserByEmail(sql, address.canonical)) }
}

function checkUser(
  deps: Deps,
  email: string,
  { user, lockdown }: { user: User | undefined; lockdown: Lockdown | undefined },
): Check {
  if (user?.disabledAt) {
    const why = user.disabledReason === null ? '' : `: ${user.disabledReason}`
    return { id: 'person', status: 'fail', detail: `disabled${why}`, fix: shell`authd users enable ${email}` }
  }
  if (maySignIn(deps, email, user)) {
    return { id: 'person', status: 'ok', detail: user ? 'known and enabled' : 'not known; would become a user' }
  }
  const { policy } = deps.config.current().signup
  const detail = user ? 'the invitation has expired' : `not known, and signup.policy is ${policy}`
  if (lockdown) return { id: 'person', status: 'fail', detail, fix: END_LOCKDOWN }
  return { id: 'person', status: 'fail', detail, fix: shell`authd users invite ${email}` }
}

const END_LOCKDOWN = 'authd lockdown off'

function checkLockdown(lockdown: Lockdown | undefined): Check[] {
  if (!lockdown) return []
  const detail = `a lockdown has been on since ${toRfc3339(lockdown.since)}: no sign-ups, no mails`
  return [{ id: 'lockdown', status: 'fail', detail, fix: END_LOCKDOWN }]
}

const STATES: Record<LockoutState, string> = {
  locked: 'locked',
  off: 'disabled',
  long_codes: 'limited to long codes',
  used_up: 'used up',
}

async function checkLockouts(deps: Deps, user: User): Promise<Check[]> {
  const lockouts = await listLockouts(deps, { user: user.id })
  if (lockouts.length === 0) return [{ id: 'lockout', status: 'ok', detail: 'nothing is locked' }]
  return lockouts.map(({ kind, state, failures, until }) => {
    const end = until === null ? 'until an operator unlocks it' : `until ${toRfc3339(until)}`
    const detail = `${kind} is ${STATES[state]} after ${failures} wrong codes, ${end}; other ways work`
    return { id: 'lockout', status: 'warn', detail, fix: shell`authd users unlock ${user.email}` }
  })
}

async function checkAddress(deps: Deps, ip: string): Promise<Check[]> {
  const defaults = deps.config.current().ipfilter
  const { isBlocked, rule } = judgeAddress(await ipRules(deps), { ip, scope: 'login', now: deps.clock.now(), defaults })
  const why = rule ? `${rule.action} ${rule.cidr} (${rule.reason})` : 'no rule; the default'
  const fix = rule ? shell`authd ipfilter remove ${rule.cidr}` : shell`authd ipfilter add ${ip} --allow --reason "…"`
  const filter: Check = {
    id: 'ip_filter',
    status: isBlocked ? 'fail' : 'ok',
    detail: `${ip}: ${why}`,
    ...(isBlocked && { fix }),
  }
  return [filter, await checkLimit(deps, 'ip', ipBucket(ip), ip), await checkLimit(deps, 'guess', ipBucket(ip), ip)]
}

async function checkLimit(deps: Deps, policy: Policy, subject: string, key: string): Promise<Check> {
  const limit = POLICIES[policy].limit(deps.config.current().limits)
  const now = deps.clock.now()
  const found = await deps.db.read((sql) => findBucket(sql, { policy, subject }))
  const used = found && isAhead(now, found.windowEndsAt, POLICIES[policy].windowMs) ? found.used : 0
  const detail = `${POLICIES[policy].text}: ${Math.min(used, limit)} of ${limit}`
  if (used < limit) return { id: `limit_${policy}`, status: 'ok', detail }
  const until = toRfc3339(found?.windowEndsAt ?? now)
  return {
    id: `limit_${policy}`,
    status: 'fail',
    detail: `${detail}, until ${until}`,
    fix: shell`authd ratelimit reset ${key}`,
  }
}

/** Above the hour's limit, a mailbox still gets one mail every 10 minutes, and each client one of them an hour. */
async function checkMailLimit(deps: Deps, email: string, client: string | undefined): Promise<Check> {
  const mailbox = mailboxOf(email)
  const hourly = await checkLimit(deps, 'email', mailbox, email)
  if (hourly.status === 'ok') return hourly
  const asker =
    client === undefined ? [] : [await checkLimit(deps, 'email_asker', `${mailbox} ${ipBucket(client)}`, email)]
  const extra = [await checkLimit(deps, 'email_more', mailbox, email), ...asker]
  const [full = extra[0]] = extra.filter(({ status }) => status === 'fail')
  return { ...hourly, ...full, id: hourly.id, detail: [hourly, ...extra].map(({ detail }) => detail).join('; ') }
}

async function checkFactors(deps: Deps, user: User): Promise<Check[]> {
  const policy = policyFor(deps, user)
  const [enrolled, accepted] = await deps.db.read(async (sql) => [
    await enrolledFactors(sql, user.id),
    await acceptedFactors(sql, user.id, ['email']),
  ])
  const id = 'factor'
  if (!hasFactor(enrolled)) {
    const detail =
      policy === 'required' ? 'a second factor is required: one must be set up at sign-in' : 'a mail is enough'
    return [{ id, status: policy === 'required' ? 'warn' : 'ok', detail }]
  }
  if (accepted.length > 0) return [{ id, status: 'ok', detail: `after the mail: ${accepted.join(', ')}` }]
  const fix = shell`authd users unlock ${user.email}`
  return [{ id, status: 'fail', detail: 'every second factor is disabled', fix }]
}

async function checkMail(deps: Deps, email: string, lockdown: Lockdown | undefined): Promise<Check> {
  const id = 'mail'
  if (lockdown) return { id, status: 'fail', detail: 'all mails wait until the lockdown ends', fix: END_LOCKDOWN }
  if (deps.config.current().mail.paused) {
    return { id, status: 'fail', detail: 'mail.paused: all mails wait', fix: 'authd settings unset mail.paused' }
  }
  const suppressed = await deps.db.read((sql) => findSuppressed(deps, sql, email))
  if (suppressed) {
    const { refusals, response, suppressedUntil } = suppressed
    const end = toRfc3339(suppressedUntil ?? deps.clock.now())
    const detail = `no mails until ${end}: the mail server refused the address ${refusals} times (${response})`
    return { id, status: 'fail', detail, fix: shell`authd suppressions clear ${email}` }
  }
  const last = await deps.db.read((sql) => findLastMailTo(sql, email))
  if (!last) return { id, status: 'ok', detail: 'no recent mail' }
  const detail = `the last mail (${last.template}) is ${last.state}${last.lastError === null ? '' : `: ${last.lastError}`}`
  const isBad = last.state === 'failed' || (last.state === 'pending' && last.tries > 0)
  return { id, status: isBad ? 'warn' : 'ok', detail, ...(isBad && { fix: shell`authd email test ${email}` }) }
}

async function lastFailures(deps: Deps, user: User): Promise<Check[]> {
  const logs = await deps.db.read((sql) => listLastAuditLogs(sql, { userId: user.id, outcome: 'failure' }, 3))
  return logs.map(({ occurredAt, eventType, metadata }) => {
    const { method, reason } = metadata as { method?: string; reason?: string }
    const what = [eventType, method, reason].filter((part) => part !== undefined).join(' ')
    return { id: 'last_failure', status: 'ok', detail: `${toRfc3339(occurredAt)} ${what}` }
  })
}
