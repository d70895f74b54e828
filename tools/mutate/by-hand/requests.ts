// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are parts of sources
import type { HandMade } from '../by-hand.ts'

/** Against promises about requests and limits. */
export const REQUESTS: HandMade = {
  'src/flows/limits/ip-filter-admin.ts': {
    tests: ['http/ip-filter', 'cli/dry-run', 'cli/live'],
    mutants: {
      'a rule may not block a trusted proxy': ['proxy !== undefined', 'false'],
      'a rule may not be too wide': ['cidr.bits < WIDEST[cidr.family]', 'cidr.bits < 4'],
    },
  },
  'src/flows/limits/ip-filter.ts': {
    tests: ['http/lockout-risk', 'http/ip-filter', 'http/settings'],
    mutants: {
      'a block rule wins over an allow rule of the same length': [
        "inForce.find(({ action }) => action === 'block') ?? inForce[0]",
        'inForce[0]',
      ],
      'a rule ends on time': ['rule.expiresAt === null || rule.expiresAt > now', 'true'],
      'the default of sign-ins denies': ["scope === 'login' && defaults.loginDefault === 'deny'", 'false'],
      'the default of sign-ins denies nothing else': [
        "scope === 'login' && defaults.loginDefault === 'deny'",
        "defaults.loginDefault === 'deny'",
      ],
      'a rule for sign-ins covers a step-up and a confirmation': [
        "'/restore-email', '/account/confirm']",
        "'/restore-email']",
      ],
      'a rule for one scope affects no other': ["rule.scope === 'all' || rule.scope === scope", 'true'],
      'the default of the admin API denies': ["scope === 'admin' && defaults.adminDefault === 'deny'", 'false'],
      'the hits of a rule are recorded once an hour': ['isDue(ipBucket(ip))', 'true'],
      'a path that only begins like that of a sign-in is none': [
        'path.startsWith(`${start}/`)',
        'path.startsWith(start)',
      ],
    },
  },
  'src/flows/limits/mail-limit.ts': {
    tests: ['http/mail-limit', 'http/rate-limit', 'http/email-change.signup-policy'],
    mutants: {
      'the mail limit counts by mailbox': ['mailboxOf(email)', 'email'],
      'mails to strangers are counted by mailbox': ["deps.keys.mac('mailbox', mailboxOf(user.email))", 'user.id'],
      'a mail that was not queued is given back': ['isMailed ? [] : counted', '[] as Bucket[]'],
    },
  },
  'src/flows/limits/rate-limit.ts': {
    tests: ['http/rate-limit', 'http/clock.stepped'],
    mutants: {
      'a clock that is put back prolongs no window that a process remembers': [
        'isAhead(now, known.until, POLICIES[bucket.policy].windowMs)',
        'known.until > now',
      ],
    },
  },
  'src/flows/limits/request-limits.ts': {
    tests: ['http/rate-limit', 'http/rate-limit.bound'],
    mutants: {
      'a wrong link counts as a guess': ['[401, 403, 410, 429]', '[401, 403, 429]'],
      'a wrong credential counts as a stranger': ["identity.kind === 'rejected' && !identity.isGenuine", 'false'],
    },
  },
  'src/http/middleware/admin-only.ts': {
    tests: ['http/admin'],
    mutants: {
      'the admin API is hidden until there is a key for it': ['!(await hasAdminKey(deps))', 'false'],
      'a key without an admin scope does not show the admin API': [
        "identity.kind === 'api_key' && isAdminKey(identity.key.scopes)",
        "identity.kind === 'api_key'",
      ],
    },
  },
  'src/http/middleware/cors.ts': {
    tests: ['http/cors'],
    mutants: {
      'with allow_all no cookie is sent': ['credentials: !allowAll', 'credentials: true'],
      'an unlisted origin is never reflected': ["listed.has(origin) ? origin : ''", 'origin'],
      'pages are not for scripts of other origins': ['!isOn || !isApi', '!isOn'],
    },
  },
  'src/http/middleware/errors.ts': {
    tests: ['http/problem', 'http/outage', 'http/lookup.failed'],
    mutants: {
      'a server fault is logged': ['error.status >= 500', 'error.status > 500'],
    },
  },
  'src/http/middleware/identify.ts': {
    tests: ['http/cross-site', 'http/check-cookie'],
    mutants: {
      'a browser with the cookie of an attempt only cannot be driven by another site': [
        'attempts.length === 0 ? [] : [names.attempt]',
        '1 + 1 === 2 ? [] : [names.attempt]',
      ],
      'a browser with the cookie of a device only cannot be driven by another site': [
        'device === undefined ? [] : [names.device]',
        '1 + 1 === 2 ? [] : [names.device]',
      ],
      'the check cookie counts for its own path only': [
        'CHECKABLE.has(ctx.path) ? cookies.checks : []',
        'cookies.checks',
      ],
    },
  },
  'src/http/middleware/metrics-page.ts': {
    tests: ['http/metrics'],
    mutants: {
      'a proxy on this machine shows no metrics': ['client.isLocal && !client.isForwarded', 'client.isLocal'],
    },
  },
  'src/http/middleware/request-id.ts': {
    tests: ['http/request-id'],
    mutants: {
      'a request id of a stranger is not kept': ['ctx.state.isFromProxy && VALID.test(sent)', 'VALID.test(sent)'],
      'a request id of a proxy must have the form of one': [
        'ctx.state.isFromProxy && VALID.test(sent)',
        "ctx.state.isFromProxy && sent !== ''",
      ],
    },
  },
  'src/http/middleware/stated-client.ts': {
    tests: ['http/rate-limit'],
    mutants: {
      'an address that a backend states is held against the IP rules': ['check(ctx)', 'undefined'],
      'a key without the scope signin states no address': ["!identity.key.scopes.includes('signin')", 'false'],
    },
  },
  'src/http/middleware/this-machine-only.ts': {
    tests: ['http/development-mode', 'cli/development', 'platform/net/forwarded', 'http/public-url'],
    mutants: {
      'development mode is for this machine': [
        'isDevelopment && !ctx.state.client.isLocal',
        'isDevelopment && !ctx.state.isFromProxy',
      ],
      'a deployment is for every machine': ['isDevelopment && !ctx.state.client.isLocal', '!ctx.state.client.isLocal'],
    },
  },
  'src/http/request/cookies.ts': {
    tests: ['http/attempt-cookie', 'http/headers', 'http/public-url', 'http/sign-out'],
    mutants: {
      'the cookie of an attempt holds three': ['!isUnmailed(token)).slice(0, ATTEMPTS_KEPT)', '!isUnmailed(token))'],
      'cookies are Secure with https': ['SameSite=Lax${secure}', 'SameSite=Lax${secure.trim().slice(9)}'],
    },
  },
  'src/http/request/cross-site.ts': {
    tests: ['http/cross-site'],
    mutants: {
      'a cookie counts under the host of public_url only': [
        "hostOf(ctx.get('Host'), new URL(origin).protocol) !== host",
        "!hostOf(ctx.get('Host'), new URL(origin).protocol)?.startsWith(host)",
      ],
      'a sibling host is another site for a change': ["site === 'same-origin'", "site.startsWith('same-')"],
    },
  },
  'src/http/server.ts': {
    tests: ['daemon/connections'],
    mutants: {
      'a listener takes server.max_connections': [
        'server.maxConnections = maxConnections',
        'server.maxConnections = maxConnections + 1',
      ],
    },
  },
  'src/platform/mailbox.ts': {
    tests: ['http/mail-limit'],
    mutants: {
      'the two domains of one provider are one mailbox': ['${provider.domains[0]}', '${domain}'],
    },
  },
  'src/platform/net/forwarded.ts': {
    tests: ['platform/net/forwarded'],
    mutants: {
      'the client is the rightmost hop that is not trusted': [
        '!isTrusted(client) || hop === undefined',
        'hop === undefined',
      ],
    },
  },
  'src/platform/net/ip.ts': {
    tests: ['platform/net/ip'],
    mutants: {
      'an IPv6 client is counted by /64': ['isIP(ip) !== 6', 'isIP(ip) !== 4 || isIP(ip) === 4'],
    },
  },
  'src/store/rate-limits.ts': {
    tests: ['store/whose-rows', 'http/clock.stepped', 'http/rate-limit', 'http/mail-limit', 'http/settings'],
    mutants: {
      'a clock that is put back prolongs no window': [
        "'(rate_limits.window_ends_at <= ? OR rate_limits.window_ends_at > ?)'",
        "'(rate_limits.window_ends_at <= ? OR (rate_limits.window_ends_at > ? AND 1 = 0))'",
      ],
      'a reset of one subject resets no other': [
        'subject >= ? AND subject < ?',
        'subject >= ? AND (subject < ? OR 1 = 1)',
      ],
      'a request is given back under its own limit': [
        'WHERE policy = ? AND subject = ? AND window_ends_at > ?',
        'WHERE (policy = ? OR 1 = 1) AND subject = ? AND window_ends_at > ?',
      ],
      'a request is given back to its own subject': [
        'WHERE policy = ? AND subject = ? AND window_ends_at > ?',
        'WHERE policy = ? AND (subject = ? OR 1 = 1) AND window_ends_at > ?',
      ],
      'nothing is given back to a window that is over': [
        'subject = ? AND window_ends_at > ?',
        'subject = ? AND window_ends_at >= ?',
      ],
    },
  },
  'src/store/ip-filters.ts': {
    tests: ['store/whose-rows'],
    mutants: {
      'a rule is in force until its end': [
        'expires_at IS NULL OR expires_at > ?',
        'expires_at IS NULL OR expires_at >= ?',
      ],
      'a rule without an end is in force': ['(expires_at IS NULL OR expires_at > ?)', 'expires_at > ?'],
      'housekeeping removes no rule that is in force': [
        'WHERE id = ? AND expires_at <= ?',
        'WHERE id = ? AND (expires_at <= ? OR 1 = 1)',
      ],
      'housekeeping removes one rule at a time': [
        'WHERE id = ? AND expires_at <= ?',
        'WHERE (id = ? OR 1 = 1) AND expires_at <= ?',
      ],
      'a rule that ends now has expired': ["'expires_at <= ?'", "'expires_at < ?'"],
    },
  },
  'src/flows/repetition/answer-once.ts': {
    tests: [
      'http/repetition',
      'http/repetition.bypass',
      'http/repetition.deletion',
      'http/twice.api',
      'http/twice.forms',
    ],
    mutants: {
      'an answer to an API key ends with a deletion': [
        'found.sessionId === null && (found.holder?.epoch ?? found.epochNow) !== found.epochNow',
        'false',
      ],
      'an answer without a body outlives a deletion': ['isEmpty || epoch === undefined', 'epoch === undefined'],
      'a key belongs to one body': ["asked.kind === 'key' && found.bodyDigest !== asked.bodyDigest", 'false'],
      'an answer is kept for minutes': ['isInForce(now, one.createdAt, one.expiresAt)', 'true'],
    },
  },
  'src/flows/repetition/may-repeat.ts': {
    tests: [
      'http/repetition',
      'http/repetition.bypass',
      'http/repetition.deletion',
      'http/twice.api',
      'http/twice.forms',
    ],
    mutants: {
      'an attempt for a cookie is held by that cookie': ['held && isHeldBy(held, attemptCookies)', 'held'],
      'nobody else gets an answer again': ['isHolder && (mayWait', 'true && (mayWait'],
      'an answer ends with its session': ['(await isAlive(deps, sql, sessionId))', 'true'],
      'a replaced cookie counts for seconds': [
        'isSoon && holder.cookieDigest !== null',
        'holder.cookieDigest !== null',
      ],
      'an older access token gets nothing newer': ['proven.authTime >= holder.authTime', 'true'],
    },
  },
}
