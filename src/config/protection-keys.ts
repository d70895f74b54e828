import { field, section } from './field.ts'
import { listOf, oneOf, wholeNumber, yesNo } from './kind.ts'
import { webOrigin } from './web-kind.ts'

const VERDICT = ['allow', 'deny'] as const

/** What keeps out who does not belong. */
export const PROTECTION_SECTIONS = {
  limits: section('How much one stranger may ask for.', {
    requests_per_minute: field(wholeNumber(1, 1_000_000), {
      text: 'Requests that one address (of IPv6 its /64) may make in a minute without proving who it is.',
      applies: 'live',
      default: 60,
      established: 'rate_limit_per_minute',
    }),
    guesses_per_hour: field(wholeNumber(1, 1_000_000), {
      text: 'Wrong codes, links and passkeys that one address may try in an hour. Right ones do not count.',
      applies: 'live',
      default: 100,
    }),
    mails_per_hour: field(wholeNumber(1, 1_000_000), {
      text: 'Mails with a link or code that may be caused to one mailbox in an hour.',
      applies: 'live',
      default: 10,
      established: 'email_rate_limit_per_hour',
    }),
    total_mails_per_hour: field(wholeNumber(1, 10_000_000), {
      text: 'Mails with a link or code to all mailboxes in an hour. Beyond it, strangers get none until the hour is over.',
      applies: 'live',
      default: 2000,
    }),
    session_requests_per_minute: field(wholeNumber(1, 1_000_000), {
      text: 'Changes that one session may ask for in a minute. Asking who is signed in is no change.',
      applies: 'live',
      default: 600,
    }),
    key_requests_per_minute: field(wholeNumber(1, 100_000_000), {
      text: 'Requests that one API key may make in a minute.',
      applies: 'live',
      default: 120_000,
    }),
  }),
  ipfilter: section('Addresses that no rule of "authd ipfilter" matches.', {
    default: field(oneOf(...VERDICT), {
      text: 'allow, or deny: then only addresses with an allow rule reach authd at all.',
      applies: 'live',
      default: 'allow',
    }),
    login_default: field(oneOf(...VERDICT), {
      text: 'The same for signing in alone: with deny, only addresses with an allow rule may sign in.',
      applies: 'live',
      default: 'allow',
    }),
    admin_default: field(oneOf(...VERDICT), {
      text: 'The same for the admin API alone.',
      applies: 'live',
      default: 'allow',
    }),
  }),
  cors: section('Scripts of other origins that may call the API.', {
    allow_all: field(yesNo(), {
      text: 'Every origin, without cookies.',
      applies: 'restart',
      default: false,
      established: 'cors_allow_all',
    }),
    allowed_origins: field(listOf(webOrigin(), 'origins'), {
      text: 'These origins alone. Of those on the same site cookies count, so list only what is yours.',
      applies: 'restart',
      default: [],
      example: ['https://app.example.com'],
      established: 'cors_allowed_origins',
    }),
  }),
}
