import type { PageContext } from '../../src/http/pages/page-values.ts'
import { renderPage } from '../../src/http/pages/render.ts'
import { ACCOUNT_FACES } from './account-samples.ts'

const NOW = Date.UTC(2026, 10, 25, 5)

export const CONTEXT: PageContext = {
  lang: 'en',
  appName: 'Example',
  basePath: '/auth',
  once: 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCde',
  appUrl: 'https://app.example.com/',
  supportUrl: 'https://example.com/help',
  query: {},
  now: NOW,
}

const EMAIL = 'anna.lindqvist@example.com'
const asked = '[]'
const ERROR = { code: 'INVALID_CREDENTIALS', message: 'That code did not work.' }
const REQUEST_ID = '01jdgq8w7v4m2e6k9s3x5c1b0n'

/** Every page in all its states. */
export const PAGES = {
  signin: (more: Partial<PageContext> = {}) => renderPage('signin', { asked }, { ...CONTEXT, ...more }),
  'signin, corrected': (more: Partial<PageContext> = {}) =>
    renderPage(
      'signin',
      { asked, email: 'anna@', error: { ...ERROR, code: 'VALIDATION_ERROR' } },
      { ...CONTEXT, ...more },
    ),
  'signin, after signing out': (more: Partial<PageContext> = {}) =>
    renderPage(
      'signin',
      { asked, notice: 'signed_out', redirectTo: 'https://app.example.com/?a=b' },
      { ...CONTEXT, ...more },
    ),
  code: (more: Partial<PageContext> = {}) =>
    renderPage('code', { attempt: 'att_1', email: EMAIL, ttlMs: 600_000, resendAfter: 40 }, { ...CONTEXT, ...more }),
  'code, not sent': (more: Partial<PageContext> = {}) =>
    renderPage(
      'code',
      { attempt: 'att_1', email: EMAIL, ttlMs: 600_000, resendAfter: 20, notice: 'not_sent' },
      { ...CONTEXT, ...more },
    ),
  'code, wrong': (more: Partial<PageContext> = {}) =>
    renderPage(
      'code',
      { attempt: 'att_1', email: EMAIL, ttlMs: 600_000, resendAfter: 0, error: ERROR },
      { ...CONTEXT, ...more },
    ),
  'code, long, sent again': (more: Partial<PageContext> = {}) =>
    renderPage(
      'code',
      { attempt: 'att_1', email: EMAIL, ttlMs: 600_000, resendAfter: 0, codeKind: 'long', notice: 'sent_again' },
      { ...CONTEXT, ...more },
    ),
  'link, own browser': (more: Partial<PageContext> = {}) =>
    renderPage(
      'link',
      { kind: 'own', attempt: 'att_1', token: 'att_1.s', emailMasked: 'a…@example.com' },
      { ...CONTEXT, ...more },
    ),
  'link, elsewhere': (more: Partial<PageContext> = {}) =>
    renderPage(
      'link',
      {
        kind: 'elsewhere',
        emailMasked: 'a…@example.com',
        begunAt: NOW - 180_000,
        now: NOW,
        browser: 'Firefox on Linux',
        ip: '2001:db8:1234:5678::1',
      },
      { ...CONTEXT, ...more },
    ),
  signout: (more: Partial<PageContext> = {}) => renderPage('signout', { email: EMAIL }, { ...CONTEXT, ...more }),
  error: (more: Partial<PageContext> = {}) =>
    renderPage(
      'error',
      {
        ...ERROR,
        code: 'MAGIC_LINK_EXPIRED',
        status: 410,
        requestId: REQUEST_ID,
        start: '/auth/signin',
      },
      { ...CONTEXT, ...more },
    ),
  problem: (more: Partial<PageContext> = {}) =>
    renderPage('problem', { ...ERROR, code: 'RATE_LIMITED', status: 429 }, { ...CONTEXT, ...more }),
  ...Object.fromEntries(
    ACCOUNT_FACES.map(([face, name, values]) => [
      face,
      (more: Partial<PageContext> = {}) => renderPage(name, values as never, { ...CONTEXT, ...more }),
    ]),
  ),
}

export type Face = keyof typeof PAGES

export const FACES = Object.keys(PAGES) as Face[]
