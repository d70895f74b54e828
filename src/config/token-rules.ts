import type { Rule } from './rule.ts'

/** Values of token-keys.ts that are valid alone, but contradict each other. */
export const TOKEN_RULES: Rule[] = [
  {
    keys: ['tokens.hs256_secret', 'tokens.algorithm'],
    check: ({ tokens }) =>
      tokens.algorithm === 'HS256' && tokens.hs256Secret === undefined
        ? {
            message: 'tokens.hs256_secret is missing, but tokens.algorithm is "HS256"',
            suggestion: 'Write hs256_secret_file = "/etc/authd/secrets/hs256", or algorithm = "ES256"',
          }
        : undefined,
  },
  {
    keys: ['tokens.hs256_secret', 'secret', 'secret_file'],
    check: ({ tokens }, { serverSecret }) =>
      tokens.hs256Secret !== undefined && tokens.hs256Secret === serverSecret
        ? {
            message: 'tokens.hs256_secret is the server secret, which applications must not know',
            suggestion: 'Make another one: openssl rand -base64 32',
          }
        : undefined,
  },
]

/** Values that are allowed, but probably not intended. */
export const TOKEN_DOUBTS: Rule[] = [
  {
    keys: ['tokens.hs256_secret', 'tokens.algorithm'],
    check: ({ tokens }) =>
      tokens.hs256Secret !== undefined && tokens.algorithm !== 'HS256'
        ? {
            message: `tokens.hs256_secret has no effect: tokens.algorithm is "${tokens.algorithm}"`,
            suggestion: 'Remove it, or write algorithm = "HS256"',
          }
        : undefined,
  },
]
