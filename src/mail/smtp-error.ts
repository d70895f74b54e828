import type { Mail } from '../deps.ts'
import { maskEmail } from '../platform/email-address.ts'
import { MailError, type RecipientRefusal } from '../platform/mail-error.ts'
import { plain } from '../platform/plain-text.ts'

/**
 * Turns an error of nodemailer into a MailError. Only a 5xx about this mail is permanent. An operator can fix a rejected
 * login or connection while the mail waits. `hide` removes what the mail server may quote and nobody may see.
 */
export function notAccepted(mail: Mail, error: unknown, hide: (text: string) => string): MailError {
  const cause = hidden(error, hide)
  const { code, command, responseCode = 0, response = '', message } = cause as Partial<SmtpError> & { message: string }
  const isAboutMail = responseCode >= 400 && (code === 'EENVELOPE' || code === 'EMESSAGE')
  const isPermanent = responseCode >= 500 && isAboutMail
  // Mail servers repeat the address, and their answer, which may contain anything, is logged and stored.
  const masked = (text: string) => plain(text.replaceAll(mail.to, maskEmail(mail.to)))
  const refusal = isPermanent && command === 'RCPT TO' ? refusalOf(masked(response)) : undefined
  return new MailError(masked(message), { isPermanent, isDown: !isAboutMail, refusal, cause })
}

/** The same error. Its texts are logged too. */
function hidden<Failure>(error: Failure, hide: (text: string) => string): Failure {
  const texts = error as Partial<Record<'message' | 'response' | 'stack', string>>
  for (const name of ['message', 'response', 'stack'] as const) {
    if (typeof texts[name] === 'string') texts[name] = hide(texts[name])
  }
  return error
}

/** The fields that nodemailer adds to its errors. */
interface SmtpError {
  code: string
  command: string
  responseCode: number
  response: string
}

function refusalOf(response: string): RecipientRefusal {
  return { response, enhancedCode: /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] }
}
