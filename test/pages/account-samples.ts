import type { PageName, PageValues } from '../../src/http/pages/page-values.ts'
import { mintRecoveryCode } from '../../src/platform/codes.ts'
import { qrSvg } from '../../src/platform/qr.ts'

const EMAIL = 'anna.lindqvist@example.com'
const NOW = Date.UTC(2026, 10, 25, 5)
const MINUTE = 60_000
const DAY = 1440 * MINUTE
const WRONG = { code: 'INVALID_CREDENTIALS', message: 'That code did not work.' }
const WRONG_TOTP = { ...WRONG, code: 'WRONG_TOTP' }
const URI = 'otpauth://totp/Example:anna%40example.com?secret=KKQUWCVPHV5QFGSB5FPL67JSLIIZETJX&issuer=Example'
const CODES = Array.from({ length: 10 }, (_, n) =>
  mintRecoveryCode({ bytes: (length) => Buffer.alloc(length, n + 20) }),
)

const account: PageValues['account'] = {
  email: EMAIL,
  name: null,
  createdAt: NOW - 268 * DAY,
  offersPasskey: true,
  isRequired: false,
  passkeys: [],
  totpSince: null,
  hasFactor: false,
  codesLeft: 0,
  fewCodes: false,
  hasUnsavedCodes: false,
  sessions: [{ id: 'ses_1', device: 'Firefox on Linux', isCurrent: true, ip: '198.51.100.20', lastSeenAt: NOW }],
  hasOthers: false,
  rpId: 'example.com',
  webauthnUserId: '',
  credentialIds: '',
}

const full: PageValues['account'] = {
  ...account,
  name: 'Anna Lindqvist',
  notice: 'passkey_added',
  offersPasskey: false,
  isRequired: true,
  passkeys: [
    { id: 'pk_1', name: 'iCloud Keychain', synced: true, createdAt: NOW - 90 * DAY, lastUsedAt: NOW - 4 * MINUTE },
    { id: 'pk_2', name: 'YubiKey 5 in the drawer at home', synced: false, createdAt: NOW - DAY, lastUsedAt: null },
  ],
  totpSince: NOW - 200 * DAY,
  hasFactor: true,
  codesLeft: 2,
  fewCodes: true,
  sessions: [
    ...account.sessions,
    { id: 'ses_2', device: 'Safari on iOS', isCurrent: false, ip: '2001:db8:1234:5678::1', lastSeenAt: NOW - 3 * DAY },
    { id: 'ses_3', isCurrent: false, ip: null, lastSeenAt: NOW - 9 * DAY },
  ],
  hasOthers: true,
  webauthnUserId: 'dXNlcg',
  credentialIds: 'Y3JlZA Y3JlZDI',
}

const someone = { ip: '198.51.100.20', user_agent: null, device: 'Firefox on Linux' } as const
const events: PageValues['activity']['events'] = [
  { time: '2026-11-25T04:58:00.000Z', event_type: 'webauthn.registered', outcome: 'success', by: 'you', ...someone },
  { time: '2026-11-25T04:51:00.000Z', event_type: 'totp.failed', outcome: 'failure', by: 'somebody', ...someone },
  { time: '2026-11-23T11:00:00.000Z', event_type: 'user.unlocked', outcome: 'success', by: 'operator', ...someone },
  { time: '2026-10-01T11:00:00.000Z', event_type: 'signing_key.created', outcome: 'success', by: 'system', ...someone },
]

const factor = { attempt: 'att_1', emailMasked: 'a…@example.com', isEmpty: false }
const confirm = { email: EMAIL, next: '/account/totp', hasEmail: false, isMailed: false, isEmpty: false }
const nothing = { hasPasskey: false, hasTotp: false, hasRecovery: false }
const everything = { hasPasskey: true, hasTotp: true, hasRecovery: true }

/** The pages of a signed-in user, and how to reach them. */
export const ACCOUNT_FACES = [
  face('factor, all', 'factor', { ...factor, ...everything }),
  face('factor, wrong', 'factor', { ...factor, ...nothing, hasTotp: true, tried: 'totp', error: WRONG_TOTP }),
  face('factor, wrong again', 'factor', {
    ...{ ...factor, ...everything, tried: 'totp', misses: 2 },
    error: { ...WRONG, code: 'WRONG_TOTP_AGAIN' },
  }),
  face('factor, passkey refused', 'factor', {
    ...{ ...factor, ...everything, tried: 'passkey' },
    error: { ...WRONG, code: 'WRONG_PASSKEY' },
  }),
  face('factor, only a passkey', 'factor', { ...factor, ...nothing, hasPasskey: true }),
  face('factor, none', 'factor', { ...factor, ...nothing, isEmpty: true }),
  face('account, new', 'account', account),
  face('account, full', 'account', full),
  face('account, no codes', 'account', { ...full, codesLeft: 0, fewCodes: false }),
  face('activity', 'activity', { events }),
  face('activity, none', 'activity', { events: [] }),
  face('passkey, offered', 'passkey-new', { isOffer: true }),
  face('passkey, refused', 'passkey-new', {
    isOffer: false,
    error: { code: 'PASSKEY_NOT_ACCEPTED', message: 'That passkey could not be added.' },
  }),
  face('passkey', 'passkey', {
    id: 'pk_1',
    name: 'iCloud Keychain',
    maker: 'iCloud Keychain',
    synced: true,
    createdAt: NOW - 90 * DAY,
    isLast: true,
    endsCodes: true,
  }),
  face('totp, off', 'totp', { isOn: false, endsCodes: false }),
  face('totp, on', 'totp', { isOn: true, endsCodes: true }),
  face('totp, setting up', 'totp-setup', {
    secret: 'KKQU WCVP HV5Q FGSB 5FPL 67JS LIIZ ETJX',
    uri: URI,
    qr: qrSvg(URI),
  }),
  face('totp, wrong', 'totp-setup', {
    secret: 'KKQU WCVP HV5Q FGSB 5FPL 67JS LIIZ ETJX',
    uri: URI,
    qr: qrSvg(URI),
    error: WRONG,
  }),
  face('totp, too late', 'totp', { isOn: false, endsCodes: false, error: WRONG }),
  face('codes', 'codes', { codes: CODES, fileName: 'recovery-codes.txt', email: EMAIL }),
  face('recovery codes', 'recovery-codes', { hasFactor: true, codesLeft: 7 }),
  face('recovery codes, after the passkey', 'recovery-codes', {
    hasFactor: true,
    codesLeft: 0,
    notice: 'passkey_added',
  }),
  face('recovery codes, too early', 'recovery-codes', { hasFactor: false, codesLeft: 0 }),
  face('confirm, by factor', 'confirm', { ...confirm, ...everything }),
  face('confirm, by mail', 'confirm', { ...confirm, ...nothing, hasEmail: true }),
  face('confirm, mailed, wrong', 'confirm', {
    ...confirm,
    ...nothing,
    hasEmail: true,
    isMailed: true,
    tried: 'email',
    error: { ...WRONG, code: 'WRONG_EMAIL' },
  }),
  face('confirm, no mail', 'confirm', {
    ...{ ...confirm, ...nothing, hasEmail: true, isMailed: true, tried: 'mail' },
    error: { ...WRONG, code: 'MAIL_NOT_SENT', retryAfter: 20 },
  }),
  face('email', 'email', { current: EMAIL }),
  face('email, corrected', 'email', {
    current: EMAIL,
    typed: 'anna@',
    error: { code: 'VALIDATION_ERROR', message: 'Not valid.' },
  }),
  face('email, code', 'mailcode', {
    kind: 'change',
    email: 'new@example.org',
    action: '/account/email/code',
    back: '/account/email',
    again: '/account/email',
  }),
  face('restored, code', 'mailcode', {
    kind: 'restore',
    email: 'a…@example.com',
    action: '/restore-email/code',
    back: '/signin',
    again: '/restore-email',
    token: 'emc_1.s',
    error: WRONG,
  }),
  face('delete', 'delete', { email: EMAIL }),
  face('enrol', 'enrol', {}),
  face('invite', 'invite', { email: EMAIL, token: 'inv_1.s' }),
  face('recover', 'recover', { emailMasked: 'a…@example.com', removes: ['passkey', 'totp'], token: 'rec_1.s' }),
  face('ended invitation', 'ended', { kind: 'invitation', endedAt: NOW - 3 * DAY }),
  face('ended recovery', 'ended', { kind: 'recovery', endedAt: NOW - 20 * MINUTE }),
  face('ended not-you', 'ended', { kind: 'not_you' }),
  face('ended restore', 'ended', { kind: 'restore' }),
  face('not you', 'not-you', {
    ...{ emailMasked: 'a…@example.com', begunAt: NOW - 20 * MINUTE, token: 'end_1.s' },
    ...{ browser: 'Firefox on Linux', ip: '2001:db8::1' },
  }),
  face('restore', 'restore', { newMasked: 'm…@example.org', old: 'anna.lindqvist@example.com', token: 'emc_1.s' }),
]

function face<Name extends PageName>(title: string, name: Name, values: PageValues[Name]): [string, PageName, object] {
  return [title, name, values]
}
