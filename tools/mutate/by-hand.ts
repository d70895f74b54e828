// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are parts of sources

/** One change that would break a promise, made by hand: a part of an expression, and what stands there instead. */
export interface HandMade {
  promise: string
  file: string
  before: string
  after: string
}

const SRC = {
  sessions: 'src/flows/sessions/',
  signin: 'src/flows/signin/',
  factors: 'src/flows/factors/',
  limits: 'src/flows/limits/',
  policy: 'src/flows/policy/',
  store: 'src/store/',
  request: 'src/http/request/',
  platform: 'src/platform/',
}

/** `npm run mutate -- --by-hand` runs the tests against each. */
export const BY_HAND: readonly HandMade[] = [
  {
    promise: 'a refresh changes nothing in a revoked session',
    file: `${SRC.store}token-generations.ts`,
    before: 'refresh_salt = ? AND revoked_at IS NULL AND idle_expires_at > ?',
    after: 'refresh_salt = ? AND idle_expires_at > ?',
  },
  {
    promise: 'a refresh token from before a step-up is dead',
    file: `${SRC.store}token-generations.ts`,
    before: 'generation = ? AND refresh_salt = ? AND',
    after: 'generation = ? AND (refresh_salt = ? OR 1 = 1) AND',
  },
  {
    promise: 'a step-up changes the salt of the refresh token',
    file: `${SRC.sessions}new-secret.ts`,
    before: 'refreshSalt: mintSecret(deps.random)',
    after: 'refreshSalt: session.refreshSalt',
  },
  {
    promise: 'no refresh moves the idle end past the absolute end',
    file: `${SRC.store}token-generations.ts`,
    before: 'CASE WHEN expires_at < ? THEN expires_at ELSE ? END',
    after: 'CASE WHEN expires_at < ? AND 1 = 0 THEN expires_at ELSE ? END',
  },
  {
    promise: 'the grace of a refresh is for the generation before only',
    file: `${SRC.sessions}token.ts`,
    before: '(age === 1 && (generationUsedAt',
    after: '(age >= 1 && (generationUsedAt',
  },
  {
    promise: 'a refresh grace of 0 is none',
    file: `${SRC.sessions}token.ts`,
    before: 'refreshGrace > 0 && isWithin',
    after: 'isWithin',
  },
  {
    promise: 'a spent refresh token is theft once its successor was used',
    file: `${SRC.sessions}token.ts`,
    before: 'generation === 0 || claims.generation !== generation',
    after: 'generation === 0 || claims.generation === generation',
  },
  {
    promise: 'an access token from before a refresh says nothing about its successor',
    file: `${SRC.sessions}token.ts`,
    before: 'generation === 0 || claims.generation !== generation',
    after: 'generation === 0',
  },
  {
    promise: 'a cookie never buys a refresh token',
    file: `${SRC.sessions}token.ts`,
    before: "session?.delivery !== 'tokens'",
    after: 'session === undefined',
  },
  {
    promise: 'no token outlives the idle end of its session',
    file: `${SRC.sessions}access-token.ts`,
    before: 'now + ttlMs, session.idleExpiresAt, session.expiresAt',
    after: 'now + ttlMs, session.expiresAt',
  },
  {
    promise: 'a new access token changes nothing before a step-up',
    file: `${SRC.sessions}guard.ts`,
    before: 'authTime !== createdAt && identity',
    after: 'identity',
  },
  {
    promise: 'the bearer of an enrolment is not a cookie',
    file: `${SRC.sessions}identify.ts`,
    before: "found.delivery === 'cookie' && isSecretOf",
    after: 'isSecretOf',
  },
  {
    promise: 'a key that ends while its request waits writes nothing',
    file: `${SRC.sessions}caller.ts`,
    before: 'key && whyNot(key, { ip: identity.ip, now: deps.clock.now() }) === undefined',
    after: 'key !== undefined',
  },
  {
    promise: 'a cookie that was replaced while its request waits writes nothing',
    file: `${SRC.sessions}freshness.ts`,
    before: 'found?.secretDigest === shown.secretDigest',
    after: 'found',
  },
  {
    promise: 'a change needs the highest level that the user has enrolled',
    file: `${SRC.sessions}freshness.ts`,
    before: 'session.aal >= needed && isWithin',
    after: 'isWithin',
  },
  {
    promise: 'a unit locks the user before the session',
    file: `${SRC.sessions}freshness.ts`,
    before: 'await lockUser(trx, shown.userId)',
    after: '(await lockSession(trx, shown.id), await lockUser(trx, shown.userId))',
  },
  {
    promise: 'a new session leaves at most max_per_user',
    file: `${SRC.sessions}session.ts`,
    before: 'keep: maxPerUser - 1',
    after: 'keep: maxPerUser',
  },
  {
    promise: 'only signing out everywhere makes devices unknown',
    file: `${SRC.sessions}session.ts`,
    before: "scope === 'all') await",
    after: "scope !== 'current') await",
  },
  {
    promise: 'a capped guess gives nothing back to the budget',
    file: `${SRC.signin}code.ts`,
    before: 'budget && !isCapped',
    after: 'budget',
  },
  {
    promise: 'two attempts with one code have different digests',
    file: `${SRC.signin}code.ts`,
    before: '`${attemptId} ${code}`',
    after: '`${attemptId.slice(0, 4)} ${code}`',
  },
  {
    promise: 'no mail goes out for an attempt that holds a proof',
    file: `${SRC.store}signin-attempts.ts`,
    before: "proofs = '[]' AND used_at IS NULL AND",
    after: 'used_at IS NULL AND',
  },
  {
    promise: 'of two proofs at once, none undoes the other',
    file: `${SRC.store}signin-attempts.ts`,
    before: 'id = ? AND proofs = ? AND ${OPEN}',
    after: 'id = ? AND (proofs = ? OR 1 = 1) AND ${OPEN}',
  },
  {
    promise: 'the first proof leaves five minutes for the second',
    file: `${SRC.store}signin-attempts.ts`,
    before: 'CASE WHEN expires_at < ? THEN ? ELSE expires_at END',
    after: 'CASE WHEN expires_at < ? AND ? > 0 THEN expires_at ELSE expires_at END',
  },
  {
    promise: 'the attempt token in the body has precedence',
    file: `${SRC.signin}attempt.ts`,
    before: 'token ?? picked',
    after: 'picked ?? token',
  },
  {
    promise: 'a lockdown ends open attempts',
    file: `${SRC.signin}attempt.ts`,
    before: '!isOvertaken && isInForce',
    after: 'isInForce',
  },
  {
    promise: 'a link signs in with the token of its own attempt only',
    file: `${SRC.signin}link.ts`,
    before: 'held?.attempt.id === attempt.id',
    after: 'held !== undefined',
  },
  {
    promise: 'only the holder of the attempt learns that a link was used',
    file: `${SRC.signin}link.ts`,
    before: 'isHeld && attempt.usedAt !== null',
    after: 'attempt.usedAt !== null',
  },
  {
    promise: 'only a proof that was sent to an address verifies it',
    file: `${SRC.signin}complete.ts`,
    before: "proof === 'email' && user.emailVerifiedAt === null",
    after: 'user.emailVerifiedAt === null',
  },
  {
    promise: 'an attempt lasts 30 minutes, whatever the number of its mails',
    file: `${SRC.signin}mail.ts`,
    before: 'Math.min(now + config.signin.ttl, attempt.createdAt + ATTEMPT_MAX_MS)',
    after: 'now + config.signin.ttl',
  },
  {
    promise: 'a change to the address of another user mails nobody',
    file: `${SRC.signin}mail.ts`,
    before: "purpose === 'email_change' ? user === undefined : true",
    after: "purpose === 'email_change' ? true : true",
  },
  {
    promise: 'an attempt for tokens never continues as one for a cookie',
    file: `${SRC.signin}begin.ts`,
    before: 'attempt.deliver === input.deliver &&',
    after: '',
  },
  {
    promise: 'an address is redirected to only in the one spelling that browsers make of it',
    file: `${SRC.signin}redirect.ts`,
    before: 'url?.href === address && isPlainPath(url.pathname)',
    after: "isPlainPath(url?.pathname ?? '//')",
  },
  {
    promise: 'a sign-up domain is compared whole',
    file: `${SRC.policy}signup.ts`,
    before: "signup.domains.includes(email.slice(email.lastIndexOf('@') + 1))",
    after: 'signup.domains.some((domain) => email.endsWith(domain))',
  },
  {
    promise: 'wrong codes of one factor do not lock another',
    file: `${SRC.policy}lockout.ts`,
    before: '{ kind: factor, subject: user.id }',
    after: "{ kind: 'totp', subject: user.id }",
  },
  {
    promise: 'a sealed TOTP secret is bound to its row',
    file: `${SRC.factors}totp.ts`,
    before: "column: 'secret_sealed', rowId }",
    after: "column: 'secret_sealed', rowId: '' }",
  },
  {
    promise: 'a typed recovery code is folded before it is compared',
    file: `${SRC.factors}recovery-code.ts`,
    before: 'normalizeCode(typed)',
    after: 'typed',
  },
  {
    promise: 'a passkey without a user handle signs in nobody who was not known before',
    file: `${SRC.factors}passkey-check.ts`,
    before: 'response?.userHandle, isUserKnown)',
    after: 'response?.userHandle, true)',
  },
  {
    promise: 'a challenge of a step-up is worth nothing at a sign-in',
    file: `${SRC.store}passkey-challenges.ts`,
    before: 'taken?.kind === kind && taken.boundTo === boundTo',
    after: 'taken?.boundTo === boundTo',
  },
  {
    promise: 'a challenge belongs to one attempt',
    file: `${SRC.store}passkey-challenges.ts`,
    before: 'taken?.kind === kind && taken.boundTo === boundTo',
    after: 'taken?.kind === kind',
  },
  {
    promise: 'the mail limit counts by mailbox',
    file: `${SRC.limits}mail-limit.ts`,
    before: 'mailboxOf(email)',
    after: 'email',
  },
  {
    promise: 'the two domains of one provider are one mailbox',
    file: `${SRC.platform}email-address.ts`,
    before: '${provider.domains[0]}',
    after: '${domain}',
  },
  {
    promise: 'a block rule wins over an allow rule of the same length',
    file: `${SRC.limits}ip-filter.ts`,
    before: "inForce.find(({ action }) => action === 'block') ?? inForce[0]",
    after: 'inForce[0]',
  },
  {
    promise: 'the client is the rightmost hop that is not trusted',
    file: `${SRC.platform}net/forwarded.ts`,
    before: '!isTrusted(client) || hop === undefined',
    after: 'hop === undefined',
  },
  {
    promise: 'an IPv6 client is counted by /64',
    file: `${SRC.platform}net/ip.ts`,
    before: 'isIP(ip) !== 6',
    after: 'isIP(ip) !== 4 || isIP(ip) === 4',
  },
  {
    promise: 'a cookie counts under the host of public_url only',
    file: `${SRC.request}cross-site.ts`,
    before: "ctx.get('Host').toLowerCase() !== host",
    after: "!ctx.get('Host').toLowerCase().startsWith(host)",
  },
  {
    promise: 'a sibling host is another site for a change',
    file: `${SRC.request}cross-site.ts`,
    before: "site === 'same-origin'",
    after: "site.startsWith('same-')",
  },
  {
    promise: 'the cookie of an attempt holds three',
    file: `${SRC.request}cookies.ts`,
    before: ".split('~').slice(0, ATTEMPTS_KEPT)",
    after: ".split('~')",
  },
  {
    promise: 'cookies are Secure with https',
    file: `${SRC.request}cookies.ts`,
    before: 'SameSite=Lax${secure}',
    after: 'SameSite=Lax${secure.trim().slice(9)}',
  },
  {
    promise: 'a lease from the future is not held',
    file: `${SRC.store}leases.ts`,
    before: "'(leases.expires_at > ? AND leases.expires_at <= ?)'",
    after: "'(leases.expires_at > ? AND (leases.expires_at <= ? OR 1 = 1))'",
  },
  {
    promise: 'a clock that is put back prolongs no window',
    file: `${SRC.store}rate-limits.ts`,
    before: "'(rate_limits.window_ends_at <= ? OR rate_limits.window_ends_at > ?)'",
    after: "'(rate_limits.window_ends_at <= ? OR (rate_limits.window_ends_at > ? AND 1 = 0))'",
  },
  {
    promise: 'a TOTP code older than the step before, or newer than the next, is wrong',
    file: `${SRC.factors}totp.ts`,
    before: 'epochTolerance: TOLERANCE_S',
    after: 'epochTolerance: 2 * TOLERANCE_S',
  },
  {
    promise: 'a removed app takes with it what its recovery codes have proven',
    file: `${SRC.sessions}proofs.ts`,
    before: "['otp', 'recovery_code']",
    after: "['otp']",
  },
]
