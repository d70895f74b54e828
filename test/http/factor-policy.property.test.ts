import { describe, expect, test } from 'vitest'
import type { MfaPolicy } from '../../src/store/users.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import {
  combinations,
  type Enrolled,
  LINK_URL,
  makeUser,
  PATHS,
  type Path,
  prove,
  type TestUser,
} from './factor-policy.ts'

/** The expected result of a path, derived from the rules for factors and not from the code. */
function expected(
  { passkey, totp, isTotpOff, codes }: Enrolled,
  policy: MfaPolicy,
  path: Path,
  mayBeFirst: boolean,
): 'full 1' | 'full 2' | 'enrol' | 'due' | 'refused' {
  const hasFactor = passkey || totp
  const hasUsableTotp = totp && !isTotpOff
  // Recovery codes alone are not a factor, so the first proof is also the last.
  if (!hasFactor && path.startsWith('code, '))
    return expected({ passkey, totp, isTotpOff, codes }, policy, 'code', mayBeFirst)
  switch (path) {
    case 'link':
    case 'code':
      if (hasFactor) return 'due'
      return policy === 'required' ? 'enrol' : 'full 1'
    case 'passkey':
      return passkey ? 'full 2' : 'refused'
    case 'totp first':
      if (!mayBeFirst || !hasUsableTotp) return 'refused'
      return policy === 'required' ? 'due' : 'full 1'
    case 'code, totp':
      return hasUsableTotp ? 'full 2' : 'refused'
    case 'code, recovery code':
      return codes ? 'full 2' : 'refused'
    case 'code, passkey':
      return passkey ? 'full 2' : 'refused'
  }
}

const AMR: Record<Path, string[]> = {
  link: ['email'],
  code: ['email'],
  passkey: ['passkey'],
  'totp first': ['otp'],
  'code, totp': ['email', 'otp'],
  'code, recovery code': ['email', 'recovery_code'],
  'code, passkey': ['email', 'passkey'],
}

/** What the API makes of the cookie or token: not signed in, signed in, or signed in but required to enrol. */
async function outcome(authd: Authd, browser: Browser, last: Reply): Promise<{ what: string; amr?: string[] }> {
  const bearer = last.body.access_token
  const { status, body } = await (bearer ? authd.browser() : browser).get('/v1/session', { ...(bearer && { bearer }) })
  if (status === 200) return { what: `full ${body.session.aal}`, amr: body.session.amr }
  if (body.code === 'ENROLMENT_REQUIRED') return { what: 'enrol' }
  return { what: last.body.status === 'factor_required' ? 'due' : 'refused' }
}

async function violationsOf(
  authd: Authd,
  {
    user,
    path,
    delivery,
    mayBeFirst,
  }: { user: TestUser; path: Path; delivery: 'cookie' | 'tokens'; mayBeFirst: boolean },
): Promise<object[]> {
  const browser = authd.browser()
  const last = await prove(authd, browser, user, { path, delivery })
  const { what, amr } = await outcome(authd, browser, last)
  const wanted = expected(user.enrolled, user.policy, path, mayBeFirst)
  const isLong = what === 'full 2' || !path.startsWith('code, ')
  const names = [...(isLong ? AMR[path] : ['email']), ...(what === 'full 2' ? ['mfa'] : [])]
  const isNamedRight = amr === undefined || amr.join() === names.join()
  return what === wanted && isNamedRight
    ? []
    : [{ ...user.enrolled, policy: user.policy, path, delivery, what, wanted, amr }]
}

describe.each(['optional', 'required'] as const)('mfa.policy %s', (deployment) => {
  test.each([true, false])(
    'totp.allow_first_factor %s: no path gives a full session while a factor is due',
    async (first) => {
      const config = {
        mfa: { policy: deployment },
        totp: { allow_first_factor: first },
        signin: { link_urls: [LINK_URL] },
      }
      const authd = await startAuthd({ config })
      let checked = 0
      const violations: object[] = []

      for (const [index, { enrolled, override }] of combinations().entries()) {
        const user = await makeUser(authd, enrolled, { override, policy: override ?? deployment })
        for (const [at, path] of PATHS.entries()) {
          // Each combination of path and factors is tried with both results of an override.
          const delivery = (index + at) % 2 === 0 ? 'cookie' : 'tokens'
          violations.push(...(await violationsOf(authd, { user, path, delivery, mayBeFirst: first })))
          checked += 1
        }
      }

      expect(violations).toEqual([])
      // 12 sets of factors, 3 overrides, 7 paths.
      expect(checked).toBe(12 * 3 * 7)
    },
  )
})
