import { field, section } from './key-declaration.ts'
import { listOf, oneOf, yesNo } from './kind.ts'
import { domainName, webOrigin } from './web-kind.ts'

/** Second factors and passkeys. factor-rules.ts checks that rp_id fits public_url and origins. */
export const FACTOR_SECTIONS = {
  mfa: section('Second factors.', {
    policy: field(oneOf('optional', 'required'), {
      text: '"optional" requests a second factor from users who have one. "required" makes every user set one up.',
      applies: 'live',
      default: 'optional',
    }),
  }),
  totp: section('Authenticator apps.', {
    allow_first_factor: field(yesNo(), {
      text: 'Accept a TOTP code in place of a mail, for times when mail is down. It counts as one factor, with strict limits on wrong codes.',
      applies: 'live',
      default: false,
    }),
  }),
  webauthn: section('Passkeys.', {
    rp_id: field(domainName(), {
      text: 'The domain of the passkeys: the host of public_url or a parent domain. If you change it later, every user must enrol again.',
      applies: 'restart',
      fallback: {
        text: 'the host of public_url',
        of: ({ value }) => hostOf(value('public_url')),
      },
      example: 'example.com',
      established: 'webauthn_rp_id',
    }),
    origins: field(listOf(webOrigin(), 'origins'), {
      text: 'More origins where these passkeys work. Each must be in that domain.',
      applies: 'restart',
      default: [],
      example: ['https://app.example.com'],
      established: 'webauthn_origin',
    }),
    offer: field(yesNo(), {
      text: 'Offer to add a passkey after a sign-in by mail in a new browser.',
      applies: 'reload',
      default: true,
    }),
    related_origins: field(listOf(webOrigin(), 'origins'), {
      text: 'Origins of other domains where these passkeys work. Browsers find them in /.well-known/webauthn.',
      applies: 'restart',
      default: [],
      example: ['https://example.net'],
    }),
  }),
}

/** An invalid public_url is reported by its own check. */
function hostOf(url: unknown): string | undefined {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).hostname : undefined
}
