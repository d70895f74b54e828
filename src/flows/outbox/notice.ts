import type { Deps } from '../../deps.ts'
import { type AccountNotice, declaredMail, type MailOwnValues, type MailValues, type NeededLink } from '../../mails.ts'
import { DAY, toRfc3339 } from '../../platform/clock.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import type { Trx } from '../../store/db.ts'
import type { User } from '../../store/users.ts'
import type { Actor } from '../record-event.ts'
import { enqueueMail } from './mail.ts'

const EXPIRES_MS = 3 * DAY

interface Notice<Template extends AccountNotice> {
  user: Pick<User, 'email' | 'lang'>
  template: Template
  /** Where the button leads; by default to the account page. */
  link?: string
}

/** The mail's own values. They are required if it has any. */
type WithValues<Own> = Record<never, never> extends Own ? { values?: Own } : { values: Own }

/** Tells a user by mail what was changed about them, in the unit that did it. */
export async function notify<Template extends AccountNotice>(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  notice: Notice<Template> & { [Name in NeededLink<Template>]: string } & WithValues<MailOwnValues<Template>>,
): Promise<void> {
  const { user, template, values, link } = notice
  const hasLink = 'link' in declaredMail(template).values
  const usual = {
    ...(hasLink && { link: link ?? `${deps.config.current().publicUrl}/account` }),
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
