import { field, section } from './field.ts'
import { listOf, oneOf, yesNo } from './kind.ts'
import { domainName, webOrigin } from './web-kind.ts'

/** What people prove besides a mail. */
export const FACTOR_SECTIONS = {
  mfa: section('Second factors.', {
    policy: field(oneOf('optional', 'required'), {
      text: 'optional: a second factor is asked for when a person has one. required: everybody must set one up.',
      applies: 'live',
      default: 'optional',
    }),
  }),
  totp: section('Authenticator apps.', {
    allow_first_factor: field(yesNo(), {
      text: 'Take a code of the authenticator app instead of a mail, for when mail is down. It is one factor, and braked hard.',
      applies: 'live',
      default: false,
    }),
  }),
  webauthn: section('Passkeys.', {
    rp_id: field(domainName(), {
      text: 'The domain that passkeys belong to: the host of public_url or a parent of it. It cannot be changed later without every user enrolling again.',
      applies: 'restart',
      fallback: {
        text: 'the host of public_url',
        of: ({ value }) => hostOf(value('public_url')),
      },
      example: 'example.com',
      established: 'webauthn_rp_id',
    }),
    origins: field(listOf(webOrigin(), 'origins'), {
      text: 'Further origins where these passkeys work; each must be in that domain.',
      applies: 'restart',
      default: [],
      example: ['https://app.example.com'],
      established: 'webauthn_origin',
    }),
    offer: field(yesNo(), {
      text: 'Offer a passkey after a sign-in by mail in a browser that is new to the person.',
      applies: 'reload',
      default: true,
    }),
    related_origins: field(listOf(webOrigin(), 'origins'), {
      text: 'Origins of other domains where these passkeys work too; /.well-known/webauthn names them to browsers.',
      applies: 'restart',
      default: [],
      example: ['https://example.net'],
    }),
  }),
}

/** A public_url that is broken is told of where it stands. */
function hostOf(url: unknown): string | undefined {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).hostname : undefined
}
