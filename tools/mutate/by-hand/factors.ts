// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are parts of sources
import type { HandMade } from '../by-hand.ts'

/** Against promises about factors and lockouts. */
export const FACTORS: HandMade = {
  'src/flows/factors/factor-admin.ts': {
    tests: ['http/factor.ends', 'http/proof-lifetimes', 'cli/users'],
    mutants: {
      'removed recovery codes take their count along': [
        "clearFailures(trx, { kind: 'recovery_code', subject: held.id })",
        'undefined',
      ],
    },
  },
  'src/flows/factors/own-passkeys.ts': {
    tests: ['http/what-else-ends', 'http/factor.ends', 'http/session.factors', 'http/account'],
    mutants: {
      'recovery codes end with the last passkey': ['dropLoneRecoveryCodes(trx, user.id)', 'undefined'],
      'the session that removes a passkey keeps its proof while one is left': [
        'isOneLeft ? keptId : undefined',
        'undefined',
      ],
    },
  },
  'src/flows/factors/passkey-check.ts': {
    tests: ['http/passkey.assertion.hostile', 'http/passkey.counter', 'http/parked'],
    mutants: {
      'a passkey without a user handle signs in nobody who was not known before': [
        'response?.userHandle, isUserKnown)',
        'response?.userHandle, true)',
      ],
      'a counter that stands still rejects a passkey': ['counter <= passkey.counter', 'counter < passkey.counter'],
      'a synced passkey may go back': ['isRegression && !passkey.isBackupEligible', 'isRegression'],
    },
  },
  'src/flows/factors/passkey-enrolment.ts': {
    tests: ['http/factor.ends', 'http/passkey.count'],
    mutants: {
      'options are given for 50 passkeys': ['held.own.length >= PASSKEYS_MAX', 'held.own.length > PASSKEYS_MAX'],
      'a user has 50 passkeys': [
        'own.length >= PASSKEYS_MAX) return tooMany',
        'own.length > PASSKEYS_MAX) return tooMany',
      ],
    },
  },
  'src/flows/factors/passkey-proof.ts': {
    tests: [
      'http/session.factors',
      'http/passkey.assertion.hostile',
      'http/passkey.challenge',
      'http/proof-classes',
      'http/factors',
    ],
    mutants: {
      'a passkey is of the user whose address was typed': [
        'attempt.email === null || attempt.email === user.email',
        'true',
      ],
    },
  },
  'src/flows/factors/recovery-code.ts': {
    tests: ['http/factors', 'http/totp', 'http/proof-lifetimes', 'http/factor.ends'],
    mutants: {
      'a typed recovery code is folded before it is compared': ['normalizeCode(typed)', 'typed'],
      'new recovery codes start with a clean count': [
        "clearFailures(trx, { kind: 'recovery_code', subject: user.id })",
        'undefined',
      ],
    },
  },
  'src/flows/factors/step-up.ts': {
    tests: ['http/proof-classes', 'http/factor.ends', 'http/email-change', 'http/session.factors', 'http/parked'],
    mutants: {
      'a mail code from before a factor was enrolled does not step up': [
        `if (!methods.includes('email')) return stepUpError(methods)
    const attempt`,
        'const attempt',
      ],
      'a step-up code that went to a former address proves nothing': [
        'attempt?.email !== user.email',
        'attempt === undefined',
      ],
      'a code of the app completes no session of that app': ["!completes(before, 'otp')", 'false'],
      'a recovery code completes no session of the app': ["!completes(before, 'recovery_code')", 'false'],
    },
  },
  'src/flows/factors/totp.ts': {
    tests: [
      'http/totp',
      'http/what-else-ends',
      'http/factor.ends',
      'http/proof-lifetimes',
      'http/clock.stepped',
      'http/enumeration',
      'http/proof-classes',
      'http/factors',
      'http/rate-limit',
    ],
    mutants: {
      'a sealed TOTP secret is bound to its row': [
        "column: 'secret_sealed', rowId }",
        "column: 'secret_sealed', rowId: '' }",
      ],
      'a TOTP code older than the step before, or newer than the next, is wrong': [
        'epochTolerance: TOLERANCE_S',
        'epochTolerance: 2 * TOLERANCE_S',
      ],
      'recovery codes end with the last authenticator app': ['dropLoneRecoveryCodes(trx, user.id)', 'undefined'],
      'a new app starts with a clean count': ["clearFailures(trx, { kind: 'totp', subject: userId })", 'undefined'],
      'a pending app expires on time': ['!isAhead(deps.clock.now(), expiresAt, PENDING_MS)', 'false'],
      'a locked app is not the first proof': ['app && !lockoutError(count, now)', 'app'],
      'five wrong codes a day as a first proof': ['!(await takeFailure(trx, budget, now))', 'false'],
    },
  },
  'src/flows/policy/factor.ts': {
    tests: [
      'http/proof-lifetimes',
      'http/session.factors',
      'http/factor-policy.property',
      'http/mfa-policy.live',
      'http/admin',
      'http/factor.ends',
      'http/what-else-ends',
      'http/proof-classes',
      'http/recovery-link',
    ],
    mutants: {
      'an app that wrong codes have disabled is not offered': [
        "completes(proofs, 'otp') && !(await isOff('totp'))",
        "completes(proofs, 'otp')",
      ],
      'recovery codes that wrong codes have disabled are not offered': [
        "completes(proofs, 'recovery_code') && !(await isOff('recovery_code'))",
        "completes(proofs, 'recovery_code')",
      ],
      'who must have a factor keeps the last one': [
        "isLast && policyFor(deps, user) === 'required'",
        "isLast && deps.config.current().mfa.policy === 'required'",
      ],
      'a removed factor takes its count of wrong codes along': [
        'clearFailures(trx, { kind, subject: userId })',
        'undefined',
      ],
      'only the app as first proof is the only one': [
        "policy === 'optional' && proofs.includes('otp')",
        "policy === 'optional' && !proofs.includes('email')",
      ],
      'a mail steps up only a session that lacks a first proof': [
        "levelOf(proofs) === 1 && completes(proofs, 'email')",
        "completes(proofs, 'email')",
      ],
    },
  },
  'src/flows/policy/lockout-admin.ts': {
    tests: ['http/mail-limit', 'http/settings', 'http/rate-limit'],
    mutants: {},
  },
  'src/flows/policy/lockout.ts': {
    tests: [
      'http/totp',
      'http/factor.ends',
      'http/recovery-code.slow',
      'http/session.factors',
      'http/proof-lifetimes',
      'http/clock.stepped',
    ],
    mutants: {
      'wrong codes of one factor do not lock another': [
        '{ kind: factor, subject: user.id }',
        "{ kind: 'totp', subject: user.id }",
      ],
      'the owner is told when a factor is disabled': [
        'failures === FREE_FAILURES || isDisabled',
        'failures === FREE_FAILURES',
      ],
      'a factor is disabled at 100 wrong codes': ['count.failures >= DISABLED_AT', 'count.failures > DISABLED_AT'],
      'the fifth wrong code delays the next try': ['failures < FREE_FAILURES', 'failures <= FREE_FAILURES'],
      'a wait is 15 minutes at most': [
        'Math.min(FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES), LONGEST_WAIT_MS)',
        'FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES)',
      ],
      'a right code ends the count of wrong ones': ['clearFailures(trx, key)', 'undefined'],
      'a clock that is put back prolongs no lockout': [
        'isAhead(now, count.blockedUntil, waitAfter(count.failures))',
        'count.blockedUntil > now',
      ],
    },
  },
  'src/store/failed-attempts.ts': {
    tests: [
      'store/whose-rows',
      'store/once-only.race',
      'http/mail-code.guessing',
      'http/settings',
      'http/mail-limit',
      'cli/users',
    ],
    mutants: {
      'a budget of wrong codes is used up exactly': ['failed_attempts.failures < ?', 'failed_attempts.failures <= ?'],
      'a code becomes long after the last wrong one of the budget': [
        'AND failures >= ? AND NOT',
        'AND failures > ? AND NOT',
      ],
      'unlocking one user unlocks no other': [
        'subject = ? OR subject >= ? AND subject < ?',
        'subject = ? OR subject >= ? AND (subject < ? OR 1 = 1)',
      ],
      'a failure that is given back is of one kind': [
        'failures - 1 WHERE kind = ? AND',
        'failures - 1 WHERE (kind = ? OR 1 = 1) AND',
      ],
      'a failure that is given back is of one subject': [
        'WHERE kind = ? AND subject = ? AND failures > 0',
        'WHERE kind = ? AND (subject = ? OR 1 = 1) AND failures > 0',
      ],
      'no count of failures falls below none': ['subject = ? AND failures > 0', 'subject = ? AND failures >= 0'],
      'clearing the count of one kind leaves the others': [
        'DELETE FROM failed_attempts WHERE kind = ? AND',
        'DELETE FROM failed_attempts WHERE (kind = ? OR 1 = 1) AND',
      ],
      'clearing the count of one user leaves those of others': [
        "DELETE FROM failed_attempts WHERE kind = ? AND subject = ?'",
        "DELETE FROM failed_attempts WHERE kind = ? AND (subject = ? OR 1 = 1)'",
      ],
    },
  },
  'src/store/passkey-challenges.ts': {
    tests: ['http/passkey.challenge'],
    mutants: {
      'a challenge of a step-up is worth nothing at a sign-in': [
        'taken?.kind === kind && taken.boundTo === boundTo',
        'taken?.boundTo === boundTo',
      ],
      'a challenge belongs to one attempt': [
        'taken?.kind === kind && taken.boundTo === boundTo',
        'taken?.kind === kind',
      ],
    },
  },
  'src/store/passkeys.ts': {
    tests: ['store/whose-rows', 'http/another-user', 'http/account'],
    mutants: {
      'nobody renames the passkey of another user': [
        'SET name = ? WHERE id = ? AND user_id = ?',
        'SET name = ? WHERE id = ? AND (user_id = ? OR 1 = 1)',
      ],
      'nobody removes the passkey of another user': [
        'DELETE FROM passkeys WHERE id = ? AND user_id = ?',
        'DELETE FROM passkeys WHERE id = ? AND (user_id = ? OR 1 = 1)',
      ],
      'passkeys of another user stay when those since a time go': [
        'FROM passkeys WHERE user_id = ? AND created_at >=',
        'FROM passkeys WHERE (user_id = ? OR 1 = 1) AND created_at >=',
      ],
      'passkeys from before a change of address stay': [
        'user_id = ? AND created_at >= ?',
        'user_id = ? AND (created_at >= ? OR 1 = 1)',
      ],
      'a passkey that was made at the change of address goes': ['created_at >= ?', 'created_at > ?'],
      'one passkey is renamed': ['SET name = ? WHERE id = ? AND', 'SET name = ? WHERE (id = ? OR 1 = 1) AND'],
      'one passkey is removed': [
        'DELETE FROM passkeys WHERE id = ? AND',
        'DELETE FROM passkeys WHERE (id = ? OR 1 = 1) AND',
      ],
    },
  },
  'src/store/recovery-codes.ts': {
    tests: ['store/whose-rows', 'store/once-only.rows', 'http/factors', 'http/totp', 'http/what-else-ends'],
    mutants: {
      'a spent recovery code is spent': ['user_id = ? AND used_at IS NULL ORDER', 'user_id = ? ORDER'],
      'recovery codes of another user stay': [
        'recovery_codes WHERE user_id = ? AND created_at',
        'recovery_codes WHERE (user_id = ? OR 1 = 1) AND created_at',
      ],
      'recovery codes from before a change of address stay': ['AND created_at >= ?', 'AND (created_at >= ? OR 1 = 1)'],
    },
  },
  'src/store/totp-secrets.ts': {
    tests: [
      'store/whose-rows',
      'store/once-only.rows',
      'http/factor.ends',
      'http/proof-lifetimes',
      'http/totp',
      'http/clock.stepped',
    ],
    mutants: {
      'the code that confirms an authenticator app is spent': ['JSON.stringify([input.step])', "'[]'"],
      'a code of one time step is right once': ['spentSteps.includes(step)', 'spentSteps.at(-1) === step'],
      'an older step is right if it is unspent': [
        'spentSteps.includes(step)',
        'spentSteps.some((spent) => spent >= step)',
      ],
      'a step that was forgotten is spent': ['step < first', 'step < 0'],
      'the app of another user stays': ['WHERE user_id = ? AND COALESCE', 'WHERE (user_id = ? OR 1 = 1) AND COALESCE'],
      'an app from before a change of address stays': [
        'AND COALESCE(confirmed_at, ?) >= ?',
        'AND (COALESCE(confirmed_at, ?) >= ? OR 1 = 1)',
      ],
      'an app that waits for its first code does not count': [' AND secret_sealed IS NOT NULL`', '`'],
    },
  },
}
