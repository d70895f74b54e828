import { MINUTE } from '../platform/clock.ts'
import { MAKE_ONE } from './kind.ts'
import { MAIL_DOUBTS, MAIL_RULES } from './mail-rules.ts'
import type { Finding, Rule, RuleContext } from './rule.ts'
import type { Config } from './schema.ts'
import { isLoopbackHost } from './web-kind.ts'

/** Finds values that are valid alone, but contradict each other. */
export function findContradictions(config: Config, broken: ReadonlySet<string>, context: RuleContext): Finding[] {
  return findings(RULES, config, broken, context)
}

/** Finds what is allowed, but probably not intended. */
export function findDoubts(config: Config, broken: ReadonlySet<string>, context: RuleContext): Finding[] {
  return findings(DOUBTS, config, broken, context)
}

function findings(rules: Rule[], config: Config, broken: ReadonlySet<string>, context: RuleContext): Finding[] {
  return rules
    .filter(({ keys }) => !keys.some((key) => broken.has(key)))
    .flatMap(({ keys: [key], check }) => {
      const finding = check(config, context)
      return finding ? [{ key, ...finding }] : []
    })
}

const RULES: Rule[] = [
  {
    keys: ['server.host'],
    check: ({ server }, { isDev }) =>
      isDev && !isLoopbackHost(server.host)
        ? {
            message: `server.host: development mode listens on this machine only, not on ${server.host}`,
            suggestion: 'Write a configuration: authd init',
          }
        : undefined,
  },
  {
    keys: ['public_url'],
    check: ({ publicUrl }, { isDev }) =>
      isDev && !isLoopbackHost(new URL(publicUrl).hostname)
        ? {
            message: `public_url: development mode is for this machine only, not for ${publicUrl}`,
            suggestion: 'Write a configuration: authd init',
          }
        : undefined,
  },
  ...MAIL_RULES,
  {
    keys: ['database.url', 'database.path'],
    check: ({ database }, { isSet }) =>
      database.url !== undefined && isSet('database.path')
        ? {
            message: 'database.url (PostgreSQL) and database.path (SQLite) are both set',
            suggestion: 'Keep one of them',
          }
        : undefined,
  },
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
    keys: ['secret_file', 'secret'],
    check: ({ secret, secretFile }, { serverSecret }) =>
      secret === undefined && serverSecret !== undefined && Buffer.byteLength(serverSecret) < 32
        ? { message: `secret_file: the server secret in ${secretFile} is shorter than 32 bytes`, suggestion: MAKE_ONE }
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
  {
    keys: ['webauthn.rp_id', 'public_url'],
    check: ({ webauthn: { rpId }, publicUrl }) =>
      rpId === undefined ? undefined : refuseRpId(rpId, 'public_url', [publicUrl]),
  },
  {
    keys: ['webauthn.origins', 'webauthn.rp_id', 'public_url'],
    check: ({ webauthn, publicUrl }) =>
      refuseRpId(webauthn.rpId ?? new URL(publicUrl).hostname, 'webauthn.origins', webauthn.origins),
  },
  {
    keys: ['cors.allow_all', 'cors.allowed_origins'],
    check: ({ cors }) =>
      cors.allowAll && cors.allowedOrigins.length > 0
        ? { message: 'cors.allow_all is true, but cors.allowed_origins is not empty', suggestion: 'Keep one of them' }
        : undefined,
  },
]

const DOUBTS: Rule[] = [
  ...MAIL_DOUBTS,
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

/** Browsers accept an RP id only from an origin on that domain or below it (WebAuthn L3 §5.1.3, step 8). */
function refuseRpId(rpId: string, key: string, urls: readonly string[]): Omit<Finding, 'key'> | undefined {
  const stranger = urls.map((url) => new URL(url).hostname).find((host) => host !== rpId && !host.endsWith(`.${rpId}`))
  if (stranger === undefined) return undefined
  return {
    message: `webauthn.rp_id "${rpId}" is neither ${stranger} nor a parent domain of it`,
    suggestion: `Write rp_id = "${stranger}" or a parent of it, or change ${key}`,
  }
}
