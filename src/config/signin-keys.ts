import { field, section } from './key-declaration.ts'
import { duration, listOf, oneOf } from './kind.ts'
import { domainName, exactUrl, redirectUrl } from './web-kind.ts'

/** Sign-in by mail and sign-up. signin-rules.ts compares keys with each other. */
export const SIGNIN_SECTIONS = {
  signin: section('Sign-in by mail.', {
    ttl: field(duration('1m', '1h'), {
      text: 'How long a link and a code work. Longer than 10m only for mailboxes that get mail late.',
      applies: 'reload',
      default: '10m',
    }),
    resend_after: field(duration('1s', '10m'), {
      text: 'How long until another mail may be requested.',
      applies: 'reload',
      default: '30s',
    }),
    link_urls: field(listOf(exactUrl(), 'full URLs'), {
      text: "Pages of your applications that the link in a mail may open in place of authd's own.",
      applies: 'reload',
      default: [],
      example: ['https://app.example.com/signed-in'],
    }),
    redirect_urls: field(listOf(redirectUrl(), 'full URLs'), {
      text: 'Where the hosted pages may send users after sign-in and sign-out. An entry that ends in "/*" allows every path below it.',
      applies: 'restart',
      default: [],
      example: ['https://app.example.com/*'],
    }),
  }),
  signup: section('Who may become a user.', {
    policy: field(oneOf('open', 'domains', 'invite', 'closed'), {
      text: 'Who may sign up: everybody ("open"), listed domains ("domains"), invited users ("invite") or nobody ("closed").',
      applies: 'live',
      default: 'open',
    }),
    domains: field(listOf(domainName(), 'domain names'), {
      text: 'The domains of the policy "domains". List subdomains separately.',
      applies: 'live',
      default: [],
      example: ['example.com'],
    }),
  }),
}
