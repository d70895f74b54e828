// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are parts of sources
import type { HandMade } from '../by-hand.ts'

/** Against promises about sign-ins, users and their addresses. */
export const SIGN_IN: HandMade = {
  'src/flows/policy/known-device.ts': {
    tests: ['http/session.factors'],
    mutants: {
      'the device of the first sign-in is not reported to its user': ['isNew && user.lastSeenAt !== null', 'isNew'],
    },
  },
  'src/flows/policy/signup.ts': {
    tests: ['http/sign-up', 'http/proof-lifetimes', 'http/invitation'],
    mutants: {
      'a sign-up domain is compared whole': [
        "domains.includes(email.slice(email.lastIndexOf('@') + 1))",
        'domains.some((domain) => email.endsWith(domain))',
      ],
      'an invitation that has ended lets nobody in': ['user && !isInvitationOver(user, deps.clock.now())', 'user'],
    },
  },
  'src/flows/signin/held-attempt.ts': {
    tests: ['http/attempt-cookie', 'http/cookie-jar', 'http/lockdown'],
    mutants: {
      'the attempt token in the body has precedence': [
        'token === undefined ? picked : [token]',
        'picked.length > 0 ? picked : [token]',
      ],
      'a lockdown ends open attempts': ['!isOvertaken && isInForce', 'isInForce'],
    },
  },
  'src/flows/signin/begin.ts': {
    tests: ['http/redirect.open', 'http/cookie-jar', 'http/sign-in'],
    mutants: {
      'an attempt for tokens never continues as one for a cookie': ['attempt.deliver === input.deliver &&', ''],
      'an attempt for one address never continues for another': [
        'attempt.email === (input.email?.canonical ?? null) &&',
        '',
      ],
      'an attempt continues with its own redirect only': ['attempt.redirectTo === (input.redirectTo ?? null) &&', ''],
      'an attempt continues with its own page for the link only': ['attempt.linkTo === (input.linkTo ?? null)', 'true'],
      'a redirect must be listed': ['!isAllowedRedirect(signin.redirectUrls, redirectTo)', 'false'],
      'a page for the link must be listed': ['!signin.linkUrls.includes(linkTo)', 'false'],
    },
  },
  'src/flows/signin/bound-mail.ts': {
    tests: ['http/email-change', 'http/email-change.race', 'flows/signin-mail.race', 'http/clock.stepped'],
    mutants: {
      'the mail of a replaced bound code is cancelled': ['attemptId !== undefined', 'false'],
      'a code for one new address does not confirm another': [
        'last?.email === address.canonical && mayBeMailed',
        'last !== undefined && mayBeMailed',
      ],
    },
  },
  'src/flows/signin/check-code.ts': {
    tests: ['http/mail-code.guessing', 'http/clock.stepped'],
    mutants: {
      'a capped guess gives nothing back to the budget': ['budget && !isCapped', 'budget'],
      'two attempts with one code have different digests': [
        '`${attemptId} ${code}`',
        '`${attemptId.slice(0, 4)} ${code}`',
      ],
      'a capped right code signs nobody in': ['isCapped || !isCode', '!isCode'],
      'a code of tomorrow is wrong': ['email === null || isFromFuture(now, attempt.createdAt)', 'email === null'],
    },
  },
  'src/flows/signin/complete.ts': {
    tests: [
      'http/address-change.factors',
      'http/sign-in',
      'http/recovery-link',
      'http/proof-classes',
      'http/passkey.challenge',
      'http/passkey.assertion.hostile',
      'http/factor-policy.property',
      'http/sign-out',
    ],
    mutants: {
      'only a proof that was sent to an address verifies it': [
        "proof === 'email' && user.emailVerifiedAt === null",
        'user.emailVerifiedAt === null',
      ],
      'a sign-in over a session ends that session': [
        "endSessionsIn(deps, trx, actor, { filter: { ids: [replaces.id] }, reason: 'replaced' })",
        'undefined',
      ],
    },
  },
  'src/flows/signin/first-verified-address.ts': {
    tests: ['http/address-change.factors', 'http/session.factors'],
    mutants: {
      'at the first verified address recovery links end': ['endRecoveryLinks(trx, user.id)', 'undefined'],
      'at the first verified address devices are forgotten': ['forgetDevices(trx, user.id)', 'undefined'],
      'after a later change of address every factor stays': ['user.firstVerifiedAt !== null', 'false'],
    },
  },
  'src/flows/signin/redeem.ts': {
    tests: ['http/magic-link.scanner', 'http/magic-link.replay', 'http/clock.stepped'],
    mutants: {
      'a link signs in with the token of its own attempt only': [
        'held?.attempt.id === attempt.id',
        'held !== undefined',
      ],
      'only the holder of the attempt learns that a link was used': [
        'isHeld && attempt.usedAt !== null',
        'attempt.usedAt !== null',
      ],
      'a link of tomorrow does not work': [
        `if (isFromFuture(now, attempt.createdAt)) return refuse('expired')
    // The user`,
        '// The user',
      ],
      'a used link has no button elsewhere': [
        'isOpen(attempt, now) && attempt.usedAt === null',
        'isOpen(attempt, now)',
      ],
    },
  },
  'src/flows/signin/signin-mail.ts': {
    tests: ['http/sign-up', 'http/email-change', 'http/rate-limit', 'http/mail-limit'],
    mutants: {
      'an attempt lasts 30 minutes, whatever the number of its mails': [
        'Math.min(now + config.signin.ttl, attempt.createdAt + Math.max(ATTEMPT_MAX_MS, config.signin.ttl))',
        'now + config.signin.ttl',
      ],
      'a change to the address of another user mails nobody': [
        "purpose === 'email_change' ? user === undefined : true",
        "purpose === 'email_change' ? true : true",
      ],
      'above the total of mails, a stranger gets none': ['isHeldBack || !mayReceive', '!mayReceive'],
      'a step-up mail is sent above the total of mails': [
        "user !== undefined || attempt.purpose !== 'signin'",
        'user !== undefined',
      ],
    },
  },
  'src/flows/signin/redirect.ts': {
    tests: ['http/redirect.open', 'http/redirect.deep-link'],
    mutants: {
      'an address is redirected to only in the one spelling that browsers make of it': [
        'url?.href === address && isPlainPath(url.pathname)',
        "isPlainPath(url?.pathname ?? '//')",
      ],
    },
  },
  'src/flows/users/end-all.ts': {
    tests: ['http/what-else-ends'],
    mutants: {
      'disabling a user ends recovery links': ['endRecoveryLinks(trx, user.id)', 'undefined'],
    },
  },
  'src/flows/users/email-change.ts': {
    tests: ['http/what-else-ends', 'http/email-change.way-back'],
    mutants: {
      'restoring an address keeps the older factors': ['{ since: sinceChange(change, now) }', '{}'],
      'restoring an address removes the factors that were added since': [
        '(await dropFactors(trx, user.id, { since: sinceChange(change, now) }))',
        '[]',
      ],
      'restoring an address ends sessions, devices, attempts and recovery links': [
        "endAllOf(deps, trx, actor, user, 'email_restored')",
        'undefined',
      ],
      'only a verified address gets a way back': ['user.emailVerifiedAt === null', 'false'],
      'an operator who repairs gives no way back': ['hasWayBack: !byOperator', 'hasWayBack: true'],
      'restoring an address ends recovery codes with the last factor': [
        'dropLoneRecoveryCodes(trx, user.id)',
        'undefined',
      ],
    },
  },
  'src/flows/users/recovery-link.ts': {
    tests: ['http/what-else-ends', 'http/factor.ends'],
    mutants: {
      'recovery codes end with the last factor, by a recovery link': [
        'dropLoneRecoveryCodes(trx, user.id)',
        'undefined',
      ],
    },
  },
  'src/store/devices.ts': {
    tests: [
      'store/whose-rows',
      'http/mail-code.guessing',
      'http/mail-limit',
      'flows/housekeeping',
      'http/session.factors',
      'http/sign-out',
      'http/what-else-ends',
    ],
    mutants: {
      'a device is known for a year': [
        'device_digest = ? AND expires_at > ?',
        'device_digest = ? AND (expires_at > ? OR 1 = 1)',
      ],
      'a device of another user is unknown': [
        'WHERE user_id = ? AND device_digest = ? AND',
        'WHERE (user_id = ? OR 1 = 1) AND device_digest = ? AND',
      ],
      'signing out everywhere makes the devices of no other user unknown': [
        "'DELETE FROM devices WHERE user_id = ?'",
        "'DELETE FROM devices WHERE (user_id = ? OR 1 = 1)'",
      ],
      'a device is known by its secret': [
        'user_id = ? AND device_digest = ? AND expires_at',
        'user_id = ? AND (device_digest = ? OR 1 = 1) AND expires_at',
      ],
      'a device is unknown from its end on': [
        'device_digest = ? AND expires_at > ?',
        'device_digest = ? AND expires_at >= ?',
      ],
    },
  },
  'src/store/email-changes.ts': {
    tests: ['store/whose-rows', 'http/what-else-ends', 'http/email-change'],
    mutants: {
      'restoring an address ends later ways back': [
        'this.changed_at < email_changes.changed_at',
        'this.changed_at < email_changes.changed_at AND 1 = 0',
      ],
      'a way back ends only the later ones': ['this.id <= email_changes.id', 'this.id <= email_changes.id OR 1 = 1'],
      'restoring an address ends the ways back of no other user': [
        'restored_at = ? WHERE user_id = ? AND',
        'restored_at = ? WHERE (user_id = ? OR 1 = 1) AND',
      ],
      'a way back ends on time': ['this.restorable_until > ?', 'this.restorable_until >= ?'],
      'a way back is gone once': ['this.id = ? AND this.restored_at IS NULL', 'this.id = ?'],
      'the restorable addresses are those of one user': [
        'SELECT old_email FROM email_changes WHERE user_id = ? AND',
        'SELECT old_email FROM email_changes WHERE (user_id = ? OR 1 = 1) AND',
      ],
      'an address that was restored is not restorable': [
        `user_id = ? AND restored_at IS NULL AND restorable_until > ?
     GROUP`,
        `user_id = ? AND restorable_until > ?
     GROUP`,
      ],
      'an address is not restorable after the end of its way back': [
        `restorable_until > ?
     GROUP`,
        `restorable_until >= ?
     GROUP`,
      ],
      'the oldest way back that is kept is the user’s': [
        'id FROM email_changes WHERE user_id = ? AND restored_at IS NULL AND',
        'id FROM email_changes WHERE (user_id = ? OR 1 = 1) AND restored_at IS NULL AND',
      ],
      'no way back is kept for one that is over': [
        `restorable_until > ?
     ORDER`,
        `(restorable_until > ? OR 1 = 1)
     ORDER`,
      ],
      'the ways back of other users are kept': [
        'id <> ? AND user_id = ? AND',
        'id <> ? AND (user_id = ? OR 1 = 1) AND',
      ],
    },
  },
  'src/store/invitations.ts': {
    tests: ['store/whose-rows', 'http/lockdown', 'http/invitation', 'http/address-change.factors'],
    mutants: {
      'a proven or changed address ends invitations': [
        'SET expires_at = 0 WHERE user_id = ? AND',
        'SET expires_at = 0 WHERE 1 = 0 AND user_id = ? AND',
      ],
      'an invited user leaves the invitations of others alone': [
        'expires_at = 0 WHERE user_id = ? AND expires_at',
        'expires_at = 0 WHERE (user_id = ? OR 1 = 1) AND expires_at',
      ],
    },
  },
  'src/store/recovery-links.ts': {
    tests: [
      'store/whose-rows',
      'store/once-only.rows',
      'store/once-only.conditions',
      'http/recovery-link',
      'http/lockdown',
      'http/parked',
      'http/what-else-ends',
    ],
    mutants: {
      'a recovery link that ends while its request waits signs nobody in': [
        'used_at IS NULL AND expires_at > ? AND epoch',
        'used_at IS NULL AND (expires_at > ? OR 1 = 1) AND epoch',
      ],
      'a new recovery link ends those of no other user': [
        'expires_at = 0 WHERE user_id = ? AND used_at',
        'expires_at = 0 WHERE (user_id = ? OR 1 = 1) AND used_at',
      ],
      'a used recovery link keeps its end when a newer one is made': [
        "WHERE user_id = ? AND used_at IS NULL'",
        "WHERE user_id = ?'",
      ],
    },
  },
  'src/store/signin-attempts.ts': {
    tests: [
      'store/whose-rows',
      'store/once-only.conditions',
      'http/proof-lifetimes',
      'http/what-else-ends',
      'flows/user.race',
      'http/admin',
      'http/email-change.race',
      'http/email-change',
      'http/session.factors',
      'http/clock.stepped',
    ],
    mutants: {
      'no mail goes out for an attempt that holds a proof': [
        "proofs = '[]' AND used_at IS NULL AND",
        'used_at IS NULL AND',
      ],
      'of two proofs at once, none undoes the other': [
        'id = ? AND proofs = ? AND ${OPEN}',
        'id = ? AND (proofs = ? OR 1 = 1) AND ${OPEN}',
      ],
      'the first proof leaves five minutes for the second': [
        'CASE WHEN expires_at < ? THEN ? ELSE expires_at END',
        'CASE WHEN expires_at < ? AND ? > 0 THEN expires_at ELSE expires_at END',
      ],
      'a disabled user ends the attempts of no other user': [
        'SET expires_at = 0 WHERE email = ? AND',
        'SET expires_at = 0 WHERE (email = ? OR 1 = 1) AND',
      ],
      'a deleted user takes the codes of address changes along': [
        'UNION ALL SELECT id FROM email_changes WHERE user_id = ?',
        'UNION ALL SELECT id FROM email_changes WHERE user_id = ? AND 1 = 0',
      ],
      'a new step-up code leaves the code of an address change alone': [
        'bound_to = ? AND purpose = ? RETURNING',
        'bound_to = ? AND (purpose = ? OR 1 = 1) RETURNING',
      ],
      'a step-up code confirms no address': [
        'bound_to = ? AND purpose = ? AND created_at',
        'bound_to = ? AND (purpose = ? OR 1 = 1) AND created_at',
      ],
      'a code for one session is none for another': [
        'WHERE bound_to = ? AND purpose = ? AND created_at',
        'WHERE (bound_to = ? OR 1 = 1) AND purpose = ? AND created_at',
      ],
      'a code that a wrong clock dated is not found': [
        'AND created_at <= ? LIMIT',
        'AND (created_at <= ? OR 1 = 1) LIMIT',
      ],
      'a new code for one session leaves that of another alone': [
        'WHERE bound_to = ? AND purpose = ? RETURNING',
        'WHERE (bound_to = ? OR 1 = 1) AND purpose = ? RETURNING',
      ],
      'a removed factor takes no proof of another user': [
        `AND user_id = ?
       AND completed_at`,
        `AND (user_id = ? OR 1 = 1)
       AND completed_at`,
      ],
      'a removed factor takes its own proof only': ['AND proofs LIKE ?', 'AND (proofs LIKE ? OR 1 = 1)'],
      'a removed factor leaves what is completed as it was': ['completed_at IS NULL AND proofs LIKE', 'proofs LIKE'],
      'a completed attempt keeps its end': [
        'WHERE email = ? AND completed_at IS NULL AND expires_at > 0',
        'WHERE email = ? AND expires_at > 0',
      ],
      'an attempt ends once': ['AND expires_at > 0', 'AND expires_at >= 0'],
      'a deleted user leaves the codes of other sessions': [
        'FROM sessions WHERE user_id = ?',
        'FROM sessions WHERE (user_id = ? OR 1 = 1)',
      ],
      'the first visit from elsewhere is recorded once': ["WHERE id = ? AND previewed_at IS NULL'", "WHERE id = ?'"],
      'a visit from elsewhere is of one attempt': [
        'WHERE id = ? AND previewed_at',
        'WHERE (id = ? OR 1 = 1) AND previewed_at',
      ],
    },
  },
  'src/store/users.ts': {
    tests: [
      'store/once-only.rows',
      'http/email-change',
      'http/what-else-ends',
      'http/address-change.factors',
      'http/invitation',
      'http/sign-in',
      'store/once-only.race',
      'http/admin',
      'http/passkey.registration.hostile',
      'http/factors',
      'http/factor.ends',
    ],
    mutants: {
      'an address is of one user': ['other.email = ? AND other.id <> ?', 'other.email = ? AND other.id <> ? AND 1 = 0'],
      'the first verified address stays recorded': ['COALESCE(first_verified_at, ?)', 'COALESCE(NULL, ?)'],
      'a proven address is not verified twice': [
        '${VERIFY} WHERE id = ? AND email_verified_at IS NULL',
        '${VERIFY} WHERE id = ?',
      ],
      'a user who is disabled keeps time and reason': [
        'disabled_reason = ? WHERE id = ? AND disabled_at IS NULL',
        'disabled_reason = ? WHERE id = ?',
      ],
      'a user handle never changes': ['COALESCE(webauthn_user_id, ?)', 'COALESCE(?, webauthn_user_id)'],
    },
  },
}
