import { MAKE_ONE } from './kind.ts'
import type { Rule } from './rule.ts'

/** Values of webhook-keys.ts that are valid alone, but contradict each other. */
export const WEBHOOK_RULES: Rule[] = [
  {
    keys: ['webhooks.secret', 'webhooks.url'],
    check: ({ webhooks: { url, secret } }) =>
      url !== undefined && secret === undefined
        ? {
            message: 'webhooks.secret is missing, but webhooks.url is set',
            suggestion: MAKE_ONE,
          }
        : undefined,
  },
]
