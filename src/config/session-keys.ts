import { DAY, HOUR, MINUTE } from '../platform/clock.ts'
import { field, section } from './key-declaration.ts'
import { duration, oneOf, wholeNumber } from './kind.ts'
import { domainName } from './web-kind.ts'

/** How long a session may last, and how long it may be idle (NIST SP 800-63B-4 §2.1.3, §2.2.3, §2.3.3). */
const PRESETS = {
  aal1: { ttl: 30 * DAY, idleTtl: 14 * DAY },
  aal2: { ttl: 24 * HOUR, idleTtl: HOUR },
  aal3: { ttl: 12 * HOUR, idleTtl: 15 * MINUTE },
}

/** How long users stay signed in. session-rules.ts compares keys with each other. */
export const SESSION_SECTIONS = {
  session: section('How long users stay signed in.', {
    preset: field(oneOf('aal1', 'aal2', 'aal3'), {
      text: 'The lifetimes of NIST SP 800-63B-4 for an assurance level: "aal1" 30d and 14d idle, "aal2" 24h and 1h, "aal3" 12h and 15m.',
      applies: 'reload',
      default: 'aal1',
    }),
    idle_ttl: field(duration('5m', '365d'), {
      text: 'A session ends after this time without use.',
      applies: 'reload',
      fallback: {
        text: 'from session.preset: 14d (aal1), 1h (aal2) or 15m (aal3)',
        of: ({ value }) => presetOf(value).idleTtl,
      },
      example: '14d',
    }),
    ttl: field(duration('5m', '365d'), {
      text: 'A session ends after this time, even in use.',
      applies: 'reload',
      fallback: {
        text: 'from session.preset: 30d (aal1), 24h (aal2) or 12h (aal3)',
        of: ({ value }) => presetOf(value).ttl,
      },
      example: '30d',
    }),
    max_per_user: field(wholeNumber(0, 1000), {
      text: 'Maximum number of live sessions per user; 0 means 1000. One more session ends the one that was unused longest.',
      applies: 'reload',
      default: 0,
    }),
    cookie_domain: field(domainName(), {
      text: 'A parent domain of public_url. Its other hosts get a second cookie that can only ask who is signed in.',
      applies: 'restart',
      example: 'example.com',
    }),
    refresh_grace: field(duration('0', '10s'), {
      text: 'How long a spent refresh token still returns its successor after that one was used, for two tabs that refresh at once.',
      applies: 'reload',
      default: '10s',
    }),
  }),
}

/** The lifetimes of `session.preset`, in milliseconds. */
function presetOf(value: (key: string) => unknown): { ttl: number; idleTtl: number } {
  const name = value('session.preset')
  return PRESETS[name === 'aal2' || name === 'aal3' ? name : 'aal1']
}
