// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are parts of sources
import type { HandMade } from '../by-hand.ts'

/** Against promises about sessions, tokens and API keys. */
export const SESSIONS: HandMade = {
  'src/flows/operator/api-key.ts': {
    tests: ['flows/api-key', 'http/admin'],
    mutants: {
      'the role viewer only reads': ["scope.endsWith(':read')", "scope !== ''"],
      'the role support changes no mail': ["'audit:read', 'mail:read'],", "'audit:read', 'mail:read', 'mail:write'],"],
    },
  },
  'src/flows/sessions/access-token.ts': {
    tests: ['http/session.life', 'http/clock.stepped', 'http/access-token.forged', 'http/sign-in', 'http/cookie-jar'],
    mutants: {
      'no token outlives the idle end of its session': [
        'now + ttlMs, session.idleExpiresAt, session.expiresAt',
        'now + ttlMs, session.expiresAt',
      ],
      'an access token of tomorrow is not valid': ['isFromFuture(now, iat * SECOND)', 'false'],
      'a token for a cookie lasts five minutes': [
        'Math.min(deps.config.current().tokens.accessTtl, COOKIE_TOKEN_TTL_MS)',
        'deps.config.current().tokens.accessTtl',
      ],
      'a remembered token expires': ['exp <= toSeconds(now) - LEEWAY_S', 'false'],
    },
  },
  'src/flows/sessions/recheck-caller.ts': {
    tests: ['http/parked'],
    mutants: {
      'a key that ends while its request waits writes nothing': [
        'key && whyNot(key, { ip: identity.ip, now: deps.clock.now() }) === undefined',
        'key !== undefined',
      ],
    },
  },
  'src/flows/sessions/sign-out-everybody.ts': {
    tests: ['http/lockdown'],
    mutants: {
      'what is left of signing everybody out is done once': [
        'deleteSystemConfigIf(trx, ENTRY, entryOf(signedOut))',
        'deleteSystemConfigIf(trx, ENTRY, entryOf({ ...signedOut, epoch: signedOut.epoch + 1 }))',
      ],
    },
  },
  'src/flows/sessions/freshness.ts': {
    tests: ['http/parked', 'http/proof-lifetimes', 'http/factor.ends', 'http/session.factors', 'http/clock.stepped'],
    mutants: {
      'a cookie that was replaced while its request waits writes nothing': ['found && !isReplaced ?', 'found ?'],
      'a change needs the highest level that the user has enrolled': [
        'levelOf(proofs) >= needed && isWithin',
        'isWithin',
      ],
      'a session that must prove a factor changes nothing': [
        'MAY_BE_DUE[purpose].includes(due)',
        "(MAY_BE_DUE[purpose].includes(due) || due === 'factor')",
      ],
      'a unit locks the user before the session': [
        'await lockUser(trx, shown.userId)',
        '(await lockSession(trx, shown.id), await lockUser(trx, shown.userId))',
      ],
      'a fresh proof is five minutes old at most': [
        'isWithin(deps.clock.now(), session.authTime, FRESH_MS)',
        'deps.clock.now() - session.authTime < FRESH_MS',
      ],
    },
  },
  'src/flows/sessions/guard.ts': {
    tests: [
      'http/account',
      'http/session.factors',
      'http/mfa-policy.live',
      'http/factor-policy.property',
      'http/factors',
      'http/sign-in',
    ],
    mutants: {
      'a new access token changes nothing before a step-up': ['authTime !== createdAt && identity', 'identity'],
      'an access token enrols nothing before a step-up': [
        "guard === 'change' || guard === 'enrol'",
        "guard === 'change'",
      ],
    },
  },
  'src/flows/sessions/identify.ts': {
    tests: [
      'http/factors',
      'http/proof-classes',
      'http/session.factors',
      'http/check-cookie',
      'http/admin',
      'http/introspection',
      'http/audit.bypass',
      'http/mfa-policy.live',
    ],
    mutants: {
      'the bearer of an enrolment is not a cookie': ["found.delivery === 'cookie' && isSecretOf", 'isSecretOf'],
      'the check cookie does not prolong a session': [
        'lookAtSession(deps, token.id.replace',
        'useSession(deps, token.id.replace',
      ],
      'an API key ends on time': ['expiresAt !== null && expiresAt <= now', 'expiresAt !== null && expiresAt < now'],
      'a revoked API key is rejected': ['revokedAt !== null', 'false'],
      'an API key counts from its network only': ['network !== null && !ipMatcher([network])(ip)', 'false'],
      'an API key needs its secret': ['!key || !equalSecrets(digest(token.secret), key.secretDigest)', '!key'],
    },
  },
  'src/flows/sessions/key-rotation.ts': {
    tests: ['flows/signing-key.model', 'http/signing-key.rotation'],
    mutants: {
      'a waiting key that is cancelled verifies for a while': [
        'verifiesUntil: endOfOlder(now) })',
        'verifiesUntil: now })',
      ],
    },
  },
  'src/flows/sessions/new-secret.ts': {
    tests: [
      'http/sign-in',
      'http/session.life',
      'http/session.factors',
      'http/proof-classes',
      'http/factor.ends',
      'http/proof-lifetimes',
    ],
    mutants: {
      'a step-up changes the salt of the refresh token': [
        'refreshSalt: mintSecret(deps.random)',
        'refreshSalt: session.refreshSalt',
      ],
      'where a factor is required, a mail does not make a session whole': [
        'session.isEnrolmentDue && levelOf(proofs) < 2',
        'session.isEnrolmentDue && proof === undefined',
      ],
      'only a proof makes a session fresh': [
        'proof === undefined ? session.authTime : deps.clock.now()',
        'deps.clock.now()',
      ],
    },
  },
  'src/flows/sessions/proofs.ts': {
    tests: ['http/factor-gone', 'http/proof-classes', 'http/access-token.copied', 'http/session.factors'],
    mutants: {
      'a removed app takes with it what its recovery codes have proven': ["['otp', 'recovery_code']", "['otp']"],
      'a removed factor takes its proof from open attempts': [
        'forgetAttemptProofs(trx, { userId, proof })',
        'undefined',
      ],
      'a token is as fresh as the older of it and its session': [
        'Math.min(session.authTime, shown.authTime)',
        'session.authTime',
      ],
      'a token has no proof that is newer than it': ['shown.amr.includes(proof)', 'true'],
    },
  },
  'src/flows/sessions/start-session.ts': {
    tests: [
      'http/account',
      'http/what-else-ends',
      'http/another-user',
      'http/session.factors',
      'http/many-sessions',
      'http/sign-out',
      'http/session.life',
      'http/clock.stepped',
      'http/lockdown',
    ],
    mutants: {
      'a new session leaves at most max_per_user': ['keep: maxPerUser - 1', 'keep: maxPerUser'],
    },
  },
  'src/flows/sessions/judge-session.ts': {
    tests: [
      'http/account',
      'http/what-else-ends',
      'http/another-user',
      'http/session.factors',
      'http/many-sessions',
      'http/sign-out',
      'http/session.life',
      'http/clock.stepped',
      'http/lockdown',
    ],
    mutants: {
      'a session ends at its idle end': ['session.idleExpiresAt <= now', 'session.idleExpiresAt < now'],
      'a session of before everybody was signed out is over': ['session.isOvertaken ||', ''],
      'a session ends at its absolute end': ['session.expiresAt <= now', 'session.expiresAt < now'],
      'a disabled user has no session': ['session.user.disabledAt !== null ||', ''],
      'a session is dated once a minute': [
        'isAhead(now, session.lastSeenAt + TOUCH_EVERY_MS, TOUCH_EVERY_MS)',
        'false',
      ],
    },
  },
  'src/flows/sessions/end-session.ts': {
    tests: [
      'http/account',
      'http/what-else-ends',
      'http/another-user',
      'http/session.factors',
      'http/many-sessions',
      'http/sign-out',
      'http/session.life',
      'http/clock.stepped',
      'http/lockdown',
    ],
    mutants: {
      'only signing out everywhere makes devices unknown': ["scope === 'all') await", "scope !== 'current') await"],
      'nobody ends the session of another user': [
        '{ userId: input.userId, ids: [input.sessionId] }',
        '{ ids: [input.sessionId] }',
      ],
      'signing out of the others keeps this session': ["scope === 'others' ? session.id : undefined", 'undefined'],
      'signing out ends one session': [
        "scope === 'current' ? { ids: [session.id] } : { userId: session.userId }",
        '{ userId: session.userId }',
      ],
    },
  },
  'src/flows/sessions/token.ts': {
    tests: [
      'http/refresh-token.reuse',
      'http/session.life',
      'http/mfa-policy.live',
      'http/session.factors',
      'http/clock.stepped',
      'http/sign-in',
      'http/cookie-jar',
      'http/access-token.forged',
    ],
    mutants: {
      'the grace of a refresh is for the generation before only': [
        '(age === 1 && (generationUsedAt',
        '(age >= 1 && (generationUsedAt',
      ],
      'a refresh grace of 0 is none': ['refreshGrace > 0 && isWithin', 'isWithin'],
      'a spent refresh token is theft once its successor was used': [
        'generation === 0 || claims.generation !== generation',
        'generation === 0 || claims.generation === generation',
      ],
      'an access token from before a refresh says nothing about its successor': [
        'generation === 0 || claims.generation !== generation',
        'generation === 0',
      ],
      'in the grace a session that lacks a factor gets no tokens': [
        "isGood && live.due !== 'nothing'",
        "isGood && age === 0 && live.due !== 'nothing'",
      ],
      'a refresh token of the future is invalid, and no theft': ['generation > current.generation', 'false'],
      'a stolen refresh token is told to the user': [
        "notify(deps, trx, actor, { user, template: 'session_theft' })",
        'undefined',
      ],
    },
  },
  'src/store/api-keys.ts': {
    tests: ['store/whose-rows', 'http/admin'],
    mutants: {
      'a revoked key shows no admin API': [
        'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)',
        '(expires_at IS NULL OR expires_at > ?)',
      ],
      'an expired key shows no admin API': [
        '(expires_at IS NULL OR expires_at > ?)',
        '(expires_at IS NULL OR expires_at > ? OR 1 = 1)',
      ],
      'a revoked key opens the admin API for nobody': [
        'revoked_at IS NULL AND (expires_at IS NULL OR',
        '(revoked_at IS NULL OR 1 = 1) AND (expires_at IS NULL OR',
      ],
      'a key is marked as used once a minute': ['last_used_at < ?', 'last_used_at <= ?'],
    },
  },
  'src/store/sessions.ts': {
    tests: [
      'store/whose-rows',
      'store/once-only.rows',
      'http/sign-out',
      'http/admin',
      'http/what-else-ends',
      'http/session.factors',
      'http/another-user',
      'http/factor.ends',
      'http/many-sessions',
      'http/lockdown',
      'http/ip-filter',
      'flows/housekeeping',
    ],
    mutants: {
      'a session that has ended keeps the time and reason of its end': [
        'AND sessions.revoked_at IS NULL AND sessions.id <> ? RETURNING',
        'AND sessions.id <> ? RETURNING',
      ],
      'a removed factor takes nothing from the sessions of other users': [
        'WHERE user_id = ? AND amr = ? AND',
        'WHERE (user_id = ? OR 1 = 1) AND amr = ? AND',
      ],
      'above max_per_user, the sessions unused for longest end': [
        'ORDER BY last_seen_at DESC, id DESC LIMIT',
        'ORDER BY last_seen_at, id DESC LIMIT',
      ],
      'the end of sessions by an epoch is not recorded twice': [
        'id > ? AND epoch < ? AND revoked_at IS NULL ORDER',
        'id > ? AND epoch < ? ORDER',
      ],
      'housekeeping deletes no live session': [
        'expires_at < ? OR revoked_at < ?',
        'expires_at < ? OR revoked_at < ? OR revoked_at IS NULL',
      ],
      'sessions with other proofs keep them': [
        'user_id = ? AND amr = ? AND revoked_at',
        'user_id = ? AND (amr = ? OR 1 = 1) AND revoked_at',
      ],
      'a revoked session stays as it was when a factor goes': [
        'amr = ? AND revoked_at IS NULL AND id <> ?',
        'amr = ? AND id <> ?',
      ],
      'the session that removes a factor may keep its proofs': [
        "revoked_at IS NULL AND id <> ?'",
        "revoked_at IS NULL AND (id <> ? OR 1 = 1)'",
      ],
      'the proofs of other users are none of this user': [
        'amr FROM sessions WHERE user_id = ? AND',
        'amr FROM sessions WHERE (user_id = ? OR 1 = 1) AND',
      ],
      'the proofs of revoked sessions are none of this user': [
        "amr FROM sessions WHERE user_id = ? AND revoked_at IS NULL'",
        "amr FROM sessions WHERE user_id = ?'",
      ],
      'a session of the new epoch stays': ['id > ? AND epoch < ? AND', 'id > ? AND epoch <= ? AND'],
      'the end of sessions by an epoch goes on after the last one': ['id > ? AND epoch < ?', 'id >= ? AND epoch < ?'],
      'a revoked session is not used': [
        'WHERE id = ? AND revoked_at IS NULL AND (last_seen_at',
        'WHERE id = ? AND (last_seen_at',
      ],
      'one session is used': [
        'WHERE id = ? AND revoked_at IS NULL AND (last_seen_at',
        'WHERE (id = ? OR 1 = 1) AND revoked_at IS NULL AND (last_seen_at',
      ],
      'a use that is older than the last changes nothing': [
        '(last_seen_at < ? OR last_seen_at',
        '(last_seen_at <= ? OR last_seen_at',
      ],
      'an idle session is not counted': [
        'idle_expires_at > ? AND expires_at > ? AND ${IN_EPOCH} GROUP',
        '(idle_expires_at > ? OR 1 = 1) AND expires_at > ? AND ${IN_EPOCH} GROUP',
      ],
      'a session from before a lockdown is not counted': [' AND ${IN_EPOCH} GROUP', ' GROUP'],
      'a session from before a lockdown is not listed': [
        '+sessions.expires_at > ? AND ${IN_EPOCH}',
        '+sessions.expires_at > ?',
      ],
      'an expired session is not listed': [
        'AND +sessions.expires_at > ? AND ${IN_EPOCH}',
        'AND +sessions.expires_at >= ? AND ${IN_EPOCH}',
      ],
      'an idle session is not listed': ['AND sessions.idle_expires_at > ?', 'AND sessions.idle_expires_at >= ?'],
      'a revoked session makes no room': [
        '${where} AND revoked_at IS NULL ORDER BY last_seen_at',
        '${where} ORDER BY last_seen_at',
      ],
      'a session of unknown address is in no list of addresses': ['id > ? AND ip IS NOT NULL AND', 'id > ? AND'],
      'an expired session is in no list of addresses': [
        `
       AND expires_at > ? AND \${IN_EPOCH} ORDER`,
        `
       AND (expires_at > ? OR 1 = 1) AND \${IN_EPOCH} ORDER`,
      ],
      'only unrevoked sessions are ended one after the other': [
        "'WHERE 1 = 1'} AND revoked_at IS NULL AND id > ?",
        "'WHERE 1 = 1'} AND id > ?",
      ],
    },
  },
  'src/store/token-generations.ts': {
    tests: ['store/once-only.conditions', 'http/refresh-token.reuse'],
    mutants: {
      'a refresh changes nothing in a revoked session': [
        'refresh_salt = ? AND revoked_at IS NULL AND idle_expires_at > ?',
        'refresh_salt = ? AND idle_expires_at > ?',
      ],
      'a refresh token from before a step-up is dead': [
        'generation = ? AND refresh_salt = ? AND',
        'generation = ? AND (refresh_salt = ? OR 1 = 1) AND',
      ],
      'no refresh moves the idle end past the absolute end': [
        'CASE WHEN expires_at < ? THEN expires_at ELSE ? END',
        'CASE WHEN expires_at < ? AND 1 = 0 THEN expires_at ELSE ? END',
      ],
      'the first use of a token begins the grace of the one before': [
        "AND generation = ? AND generation_used_at IS NULL'",
        "AND generation = ?'",
      ],
      'a token that was replaced meanwhile is not marked as used': [
        'WHERE id = ? AND generation = ? AND generation_used_at',
        'WHERE id = ? AND (generation = ? OR 1 = 1) AND generation_used_at',
      ],
      'a new token is unused': [
        'generation_used_at = NULL, refreshed_at',
        'generation_used_at = generation_used_at, refreshed_at',
      ],
    },
  },
}
