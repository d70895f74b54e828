import type { Deps } from '../../deps.ts'
import { type AccountNotice, declaredMail, type MailOwnValues, type MailValues, type NeededLink } from '../../mails.ts'
import { DAY, HOUR, toRfc3339 } from '../../platform/clock.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import type { Trx } from '../../store/db.ts'
import { takeFromBucket } from '../../store/rate-limits.ts'
import type { User } from '../../store/users.ts'
import type { Actor } from '../record-event.ts'
import { enqueueMail } from './mail-sending.ts'

const EXPIRES_MS = 3 * DAY

/** Notices of one kind to one user, so that a stolen session cannot flood the mailbox and bury other notices. */
export const NOTICE_LIMIT = { count: 5, windowMs: HOUR }

interface Notice<Template extends AccountNotice> {
  user: Pick<User, 'email' | 'lang'>
  template: Template
  /** Where the button leads; by default to the account page. */
  link?: string
}

/** The mail's own values. They are required if it has any. */
type WithValues<Own> = Record<never, never> extends Own ? { values?: Own } : { values: Own }

/**
 * Tells a user by mail what was changed about them, in the unit that did it. A notice that only leads to the account page
 * is sent at most 5 times an hour. Disabling, enabling, unlocking and a factor policy mail nobody. The deletion and a link to restore an address are always sent.
 */
export async function notify<Template extends AccountNotice>(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  notice: Notice<Template> & { [Name in NeededLink<Template>]: string } & WithValues<MailOwnValues<Template>>,
): Promise<void> {
  const { user, template, values, link } = notice
  const declared = declaredMail(template)
  const hasLink = 'link' in declared.values
  if (hasLink && !declared.needsLink && (await isOverLimit(deps, trx, `${user.email} ${template}`))) return
  const account = `${deps.config.current().publicUrl}/account`
  const usual = {
    ...(hasLink && { link: link ?? account }),
    ...('account' in declared.values && { account }),
    occurred_at: toRfc3339(deps.clock.now()),
    requested_by: describeUserAgent(actor.userAgent) ?? '',
    requested_ip: actor.ip ?? '',
  }
  await enqueueMail(deps, trx, {
    to: user.email,
    template,
    lang: user.lang ?? 'en',
    values: { ...usual, ...values } as MailValues<Template>,
    expiresAt: deps.clock.now() + EXPIRES_MS,
  })
}

async function isOverLimit(deps: Deps, trx: Trx, subject: string): Promise<boolean> {
  const { count: limit, windowMs } = NOTICE_LIMIT
  const taking = { amount: 1, limit, windowMs, now: deps.clock.now() }
  const { used } = await takeFromBucket(trx, { policy: 'notice', subject }, taking)
  if (used > limit) trx.afterCommit(() => deps.metrics.count('rate_limit_hits_total', { type: 'notice' }))
  return used > limit
}
