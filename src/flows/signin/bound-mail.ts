import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { EmailAddress } from '../../platform/email-address.ts'
import type { Trx } from '../../store/db.ts'
import { cancelAttemptMail } from '../../store/outbox.ts'
import {
  type AttemptPurpose,
  findBoundAttempt,
  replaceBoundAttempt,
  type SigninAttempt,
} from '../../store/signin-attempts.ts'
import { decide } from '../decide.ts'
import { withinMailLimit } from '../limits/mail-limit.ts'
import type { Actor } from '../record-event.ts'
import { insertAttempt } from './begin.ts'
import { hasTriesLeft } from './check-code.ts'
import { mayBeMailed } from './held-attempt.ts'
import { queueSigninMail, resendAfter, tooSoon } from './signin-mail.ts'

/**
 * Mails a code that proves an address for another purpose than a sign-in. Its attempt is bound to a session or an
 * address change, and its token is given to nobody. Returns when another mail can be requested. Throws RATE_LIMITED.
 */
export async function sendBoundMail(
  deps: Deps,
  actor: Actor,
  input: {
    purpose: Exclude<AttemptPurpose, 'signin'>
    boundTo: string
    lang: string
    device?: string | undefined
    /** Called first, inside the unit. Returns the user and the address as they are now, or an error to refuse. */
    addressIn: (trx: Trx) => Promise<(EmailAddress & { userId: string }) | AuthdError>
  },
): Promise<number> {
  const { purpose, boundTo, lang, device } = input
  const now = deps.clock.now()
  const sent = await decide<SigninAttempt>(deps, async (trx) => {
    const asked = await input.addressIn(trx)
    if (asked instanceof AuthdError) return asked
    const { userId, ...address } = asked
    const last = await findBoundAttempt(trx, { purpose, boundTo, now })
    const isContinued = last?.email === address.canonical && mayBeMailed(last, now) && hasTriesLeft(last)
    const fresh = { email: address, deliver: 'cookie', lang, purpose, boundTo, userId } as const
    return await withinMailLimit(deps, trx, actor, {
      email: address.canonical,
      device,
      // A new address is anybody's mailbox, so its mails count like those that strangers request.
      boundTo: purpose === 'email_change' ? undefined : boundTo,
      queue: async () => {
        if (!isContinued) await endFormer(trx, { purpose, boundTo, now })
        const attempt = isContinued ? last : (await insertAttempt(deps, trx, actor, fresh)).attempt
        const mailed = await queueSigninMail(deps, trx, actor, { attempt, device })
        const result = mailed ?? tooSoon(Math.max(0, (resendAfter(deps, attempt) ?? now) - now))
        return { result, isMailed: mailed !== undefined }
      },
    })
  })
  return resendAfter(deps, sent) ?? now
}

/** Ends the attempt that the next one replaces, with its mail if that waits. The unit holds the user's row. */
async function endFormer(
  trx: Trx,
  { now, ...bound }: { purpose: AttemptPurpose; boundTo: string; now: number },
): Promise<void> {
  const attemptId = await replaceBoundAttempt(trx, bound)
  if (attemptId !== undefined) await cancelAttemptMail(trx, { attemptId, now })
}
