import type { Deps, MailTemplate } from '../../deps.ts'
import { DAY, toRfc3339 } from '../../platform/clock.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import type { Trx } from '../../store/db.ts'
import type { User } from '../../store/users.ts'
import type { Actor } from '../event.ts'
import { enqueueMail } from './mail.ts'

const EXPIRES_MS = 3 * DAY

/** Tells a person by mail what was done to their account, in the unit that did it. */
export async function notify(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  notice: {
    user: Pick<User, 'email' | 'lang' | 'emailVerifiedAt'>
    template: MailTemplate
    values?: Record<string, string>
    /** Where the button leads; the account's page, if nothing else is said. */
    link?: string
  },
): Promise<void> {
  const { user, template, values, link } = notice
  await enqueueMail(deps, trx, {
    to: user.email,
    template,
    lang: user.lang ?? 'en',
    values: {
      link: link ?? `${deps.config.current().publicUrl}/account`,
      occurred_at: toRfc3339(deps.clock.now()),
      requested_by: describeUserAgent(actor.userAgent) ?? '',
      requested_ip: actor.ip ?? '',
      ...values,
    },
    expiresAt: deps.clock.now() + EXPIRES_MS,
  })
}
