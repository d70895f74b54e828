import type { Rule } from './rule.ts'

/** Values of session-keys.ts that are valid alone, but contradict each other. */
export const SESSION_RULES: Rule[] = [
  {
    keys: ['session.idle_ttl', 'session.ttl'],
    check: ({ session }) =>
      session.idleTtl > session.ttl
        ? { message: 'session.idle_ttl is longer than session.ttl', suggestion: 'Make it at most as long' }
        : undefined,
  },
  {
    keys: ['session.cookie_domain', 'public_url'],
    check: ({ session: { cookieDomain }, publicUrl }) => {
      const host = new URL(publicUrl).hostname
      if (cookieDomain === undefined || (host.endsWith(`.${cookieDomain}`) && cookieDomain.includes('.')))
        return undefined
      return {
        message: `session.cookie_domain "${cookieDomain}" is not a parent domain of ${host}`,
        suggestion: `Write cookie_domain = "${host.slice(host.indexOf('.') + 1)}", or remove it`,
      }
    },
  },
]
