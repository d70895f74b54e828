import { MINUTE } from '../platform/clock.ts'
import type { Rule } from './rule.ts'

/** Values of signin-keys.ts that are valid alone, but contradict each other. */
export const SIGNIN_RULES: Rule[] = [
  {
    keys: ['signin.resend_after', 'signin.ttl'],
    check: ({ signin }) =>
      signin.resendAfter >= signin.ttl
        ? {
            message:
              'signin.resend_after is too long: another mail could be requested only after the first one has expired',
            suggestion: 'Make it shorter than signin.ttl',
          }
        : undefined,
  },
  {
    keys: ['signup.domains', 'signup.policy'],
    check: ({ signup }) =>
      signup.policy === 'domains' && signup.domains.length === 0
        ? {
            message: 'signup.domains is empty, but signup.policy is "domains"',
            suggestion: 'Write domains = ["example.com"], or policy = "closed"',
          }
        : undefined,
  },
]

/** Values that are allowed, but probably not intended. */
export const SIGNIN_DOUBTS: Rule[] = [
  {
    keys: ['signin.ttl'],
    check: ({ signin }) =>
      signin.ttl > 10 * MINUTE
        ? {
            message: `signin.ttl is longer than the 10 minutes that NIST SP 800-63B-4 §3.1.3.2 allows`,
            suggestion: 'Write ttl = "10m", unless your mailboxes get mail late',
          }
        : undefined,
  },
  {
    keys: ['signup.domains', 'signup.policy'],
    check: ({ signup }) =>
      signup.domains.length > 0 && signup.policy !== 'domains'
        ? {
            message: `signup.domains has no effect: signup.policy is "${signup.policy}"`,
            suggestion: 'Write policy = "domains"',
          }
        : undefined,
  },
]
