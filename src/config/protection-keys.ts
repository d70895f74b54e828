import { field, section } from './key-declaration.ts'
import { listOf, oneOf, wholeNumber, yesNo } from './kind.ts'
import { webOrigin } from './web-kind.ts'

const VERDICT = ['allow', 'deny'] as const

/** Protection against abuse. contradictions.ts refuses both keys of `cors` at once. */
export const PROTECTION_SECTIONS = {
  limits: section('Limits on clients that have not signed in, and on sessions and keys.', {
    requests_per_minute: field(wholeNumber(1, 1_000_000), {
      text: 'Maximum requests per minute from one address (IPv6: one /64) without a valid session, token or key.',
      applies: 'live',
      default: 60,
      established: 'rate_limit_per_minute',
    }),
    guesses_per_hour: field(wholeNumber(1, 1_000_000), {
      text: 'Maximum wrong codes, links and passkeys per hour from one address.',
      applies: 'live',
      default: 100,
    }),
    mails_per_hour: field(wholeNumber(1, 1_000_000), {
      text: 'Maximum mails with a link or code to one mailbox per hour. Above it, one more every 10 minutes, and one an hour for each client. A known device, a session that steps up and a link that undoes a change of address have separate limits of the same size, and so has a user for mails to new addresses.',
      applies: 'live',
      default: 10,
      established: 'email_rate_limit_per_hour',
    }),
    total_mails_per_hour: field(wholeNumber(1, 10_000_000), {
      text: 'Maximum mails with a link or code to all mailboxes per hour. Above it, only existing users get mail until the hour ends.',
      applies: 'live',
      default: 2000,
    }),
    session_requests_per_minute: field(wholeNumber(1, 1_000_000), {
      text: 'Maximum changes and data exports per minute in one session. Other reading does not count.',
      applies: 'live',
      default: 600,
    }),
    key_requests_per_minute: field(wholeNumber(1, 100_000_000), {
      text: 'Maximum requests per minute with one API key.',
      applies: 'live',
      default: 120_000,
    }),
  }),
  ipfilter: section('What happens to addresses without a rule of "authd ipfilter".', {
    default: field(oneOf(...VERDICT), {
      text: '"allow" or "deny". With "deny", only addresses with an allow rule can reach authd.',
      applies: 'live',
      default: 'allow',
    }),
    login_default: field(oneOf(...VERDICT), {
      text: 'The same for sign-in only. With "deny", only addresses with an allow rule can sign in.',
      applies: 'live',
      default: 'allow',
    }),
    admin_default: field(oneOf(...VERDICT), {
      text: 'The same for the admin API only.',
      applies: 'live',
      default: 'allow',
    }),
  }),
  cors: section('Other origins whose scripts may call the API.', {
    allow_all: field(yesNo(), {
      text: 'Allow every origin, without cookies.',
      applies: 'restart',
      default: false,
      established: 'cors_allow_all',
    }),
    allowed_origins: field(listOf(webOrigin(), 'origins'), {
      text: 'Allow these origins only. Cookies count for origins on the same site, so list only origins that you control.',
      applies: 'restart',
      default: [],
      example: ['https://app.example.com'],
      established: 'cors_allowed_origins',
    }),
  }),
}
