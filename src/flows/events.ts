import { shortenedIn } from '../platform/plain-text.ts'

/** What an event means, and the keys of its metadata. */
export interface DeclaredEvent {
  means: string
  /** Words, numbers and ids. They stay. */
  open?: readonly string[]
  /** What people wrote or may be known by, and what other servers said. Erased with the user. */
  personal?: readonly string[]
}

/** Every security event. Each is one row of the audit log. */
export const EVENTS = {
  'user.registered': { means: 'A user proved an address for the first time, or an operator added the user.' },
  'user.authenticated': { means: 'A user signed in. metadata.method says how.', open: ['method'] },
  'user.authentication_failed': {
    means: 'A proof was wrong or was not accepted. metadata.reason says why.',
    open: ['method', 'reason', 'link'],
    personal: ['requested_email'],
  },
  'user.email_verified': {
    means:
      'A user proved an address that an operator had set. metadata.dropped names the factors from before their first proof.',
    open: ['dropped'],
  },
  'user.factor_due': { means: 'A first proof was right, and a second factor was requested.', open: ['method'] },
  'user.locked': {
    means: 'Wrong codes locked or disabled a factor. metadata says which and for how long.',
    open: ['factor', 'failures', 'disabled', 'seconds'],
  },
  'user.unlocked': { means: 'An operator cleared a lockout caused by wrong codes.', open: ['lifted'] },
  'user.new_device': {
    means:
      'A user signed in on a browser that they had not used before. The link of its mail ends the session: `session.revoked` with the reason `not_you`.',
  },
  'user.updated': {
    means: 'The name, language or factor policy of a user was changed. metadata says what.',
    open: ['changed', 'mfa_policy'],
  },
  'user.email_changed': {
    means: 'The address of a user was changed.',
    open: ['dropped'],
    personal: ['old_email_masked', 'new_email_masked'],
  },
  'user.email_restored': {
    means: 'The former address of a user was restored with a code sent there.',
    open: ['dropped'],
  },
  'user.exported': { means: "A user's data was exported." },
  'users.exported': {
    means: 'An operator exported all users. metadata.with_factors says whether with their secrets.',
    open: ['with_factors'],
  },
  'user.invited': { means: 'An operator invited a user to prove their address.', open: ['invitation'] },
  'user.recovery_link_made': {
    means: 'An operator created a recovery link. metadata says which factors it removes.',
    open: ['link', 'removes'],
  },
  'user.recovery_link_used': {
    means: 'A recovery link was used. metadata says which factors it removed.',
    open: ['link', 'dropped'],
  },
  'user.disabled': { means: 'An operator disabled a user.', personal: ['reason'] },
  'user.enabled': { means: 'An operator enabled a user again.' },
  'user.deleted': { means: 'A user and all their data were deleted. The user is told by mail.' },
  'magic_link.requested': {
    means: 'A mail with a link or code was requested. metadata.purpose says for what, if it was not a sign-in.',
    open: ['purpose'],
    personal: ['requested_email'],
  },
  'magic_link.previewed': {
    means: 'A sign-in link was opened in another browser than the one that requested it. It stays valid.',
  },
  'session.created': { means: 'A session started.', open: ['amr', 'aal', 'delivery'] },
  'session.stepped_up': { means: 'A signed-in user gave a fresh proof. metadata.proof says which.', open: ['proof'] },
  'session.revoked': { means: 'A session was revoked. metadata.reason says why.', open: ['reason'] },
  'session.reuse_detected': {
    means: 'A used refresh token was presented again, and its session was revoked.',
    open: ['generation', 'current_generation'],
  },
  'totp.enrolled': { means: 'An authenticator app was set up.' },
  'totp.removed': { means: 'An authenticator app was removed.' },
  'totp.failed': { means: 'A code of an authenticator app was wrong.', open: ['failures'] },
  'webauthn.registered': { means: 'A passkey was added.', open: ['passkey', 'synced'], personal: ['name'] },
  'webauthn.renamed': { means: 'A passkey was renamed.', open: ['passkey'], personal: ['name'] },
  'webauthn.removed': { means: 'A passkey was removed.', open: ['passkey'], personal: ['name'] },
  'webauthn.counter_regressed': {
    means: 'A passkey answered with an older counter, so it may be a copy. It is rejected unless it is synced.',
    open: ['passkey', 'counter', 'known'],
  },
  'recovery_codes.made': { means: 'New recovery codes were created. Older codes ended.' },
  'recovery_codes.removed': { means: 'The recovery codes of a user were deleted.' },
  'recovery_code.used': { means: 'A recovery code was used. metadata.left says how many are left.', open: ['left'] },
  'recovery_code.failed': { means: 'A recovery code was wrong.', open: ['failures'] },
  'signing_key.created': { means: 'A signing key was made and published.', open: ['kid', 'algorithm'] },
  'signing_key.cancelled': {
    means: 'A published signing key will never sign, because of a newer one or a change of tokens.algorithm.',
    open: ['kid', 'algorithm'],
  },
  'api_key.created': {
    means: 'An operator made an API key.',
    open: ['key_id', 'scopes', 'network'],
    personal: ['name'],
  },
  'api_key.revoked': { means: 'An operator revoked an API key.', open: ['key_id'] },
  'api_key.refused': {
    means:
      'A valid API key was used beyond its rights. metadata.reason is scope, network, expired or revoked. Recorded once an hour per key.',
    open: ['reason', 'call'],
  },
  'rate_limit.exceeded': {
    means: 'A rate limit was exceeded. metadata.policy says which. Recorded once per window.',
    open: ['policy', 'limit', 'subject'],
  },
  'rate_limit.reset': { means: 'An operator reset the counts of a rate limit.', open: ['policies'] },
  'ip_filter.added': {
    means: 'A rule for a network was added or replaced.',
    open: ['rule', 'cidr', 'action', 'scope', 'expires_at'],
    personal: ['rule_reason'],
  },
  'ip_filter.removed': {
    means: 'A rule for a network was removed, or had expired.',
    open: ['rule', 'cidr', 'action', 'scope', 'expires_at'],
    personal: ['rule_reason'],
  },
  'ip_filter.hit': {
    means: 'A rule blocked a request. Recorded once an hour per client.',
    open: ['scope', 'rule', 'cidr', 'default'],
  },
  'lockdown.on': {
    means: 'An operator signed everybody out and stopped sign-ups and mails.',
    open: ['ended_sessions'],
  },
  'lockdown.off': { means: 'An operator ended the lockdown.', open: ['since'] },
  'backup.created': {
    means: 'An operator made a backup of the database.',
    open: ['backup', 'with_secret', 'encrypted'],
  },
  'backup.restored': {
    means: 'A backup replaced the database. All sessions and sign-ins ended, and waiting mails were cancelled.',
    open: ['backup', 'cancelled_mails'],
  },
  'database.copied': {
    means:
      'A finished copy of the database took its place. Recorded in the copy. metadata.from and metadata.to are `sqlite` or `postgres`.',
    open: ['from', 'to'],
  },
  'database.reopened': { means: 'An operator opened a database again that a copy had closed.' },
  'server_secret.rotated': {
    means: 'An operator replaced the server secret. metadata.values says how many values were sealed again.',
    open: ['values'],
  },
  'setting.changed': {
    means: 'A live setting was set or removed. metadata has the value before and after.',
    open: ['key', 'before', 'after'],
  },
  'webhook.added': { means: 'A webhook endpoint was added.', open: ['endpoint_id', 'url', 'events'] },
  'webhook.updated': {
    means: 'The address, events or description of an endpoint were changed. metadata says which.',
    open: ['endpoint_id', 'url', 'events', 'changed', 'before'],
  },
  'webhook.paused': {
    means: 'Deliveries to an endpoint were paused, by an operator or because it is gone or failed for days.',
    open: ['endpoint_id', 'url', 'events', 'reason'],
    personal: ['said'],
  },
  'webhook.resumed': {
    means: 'An operator resumed deliveries to an endpoint.',
    open: ['endpoint_id', 'url', 'events'],
  },
  'webhook.secret_rotated': {
    means: 'The secret of an endpoint was replaced. For a while both secrets sign.',
    open: ['endpoint_id', 'url', 'events'],
  },
  'webhook.removed': {
    means: 'An endpoint was removed with its waiting deliveries.',
    open: ['endpoint_id', 'url', 'events'],
  },
  'mail.retried': { means: 'An operator retried a mail.', open: ['message_id', 'template', 'tries'] },
  'mail.cancelled': { means: 'An operator cancelled a queued mail.', open: ['message_id', 'template', 'tries'] },
  'webhook.retried': {
    means: 'An operator retried a delivery to an endpoint.',
    open: ['delivery_id', 'event', 'endpoint_id', 'tries'],
  },
  'mail.failed': {
    means: 'A mail could not be sent. metadata.reason says why.',
    open: ['message_id', 'template', 'tries'],
    personal: ['reason', 'requested_email'],
  },
  'mail.suppressed': {
    means: 'The mail server permanently rejected an address three times. It gets no mail for metadata.days days.',
    open: ['refusals', 'days'],
    personal: ['reason', 'requested_email'],
  },
  'mail.unsuppressed': { means: 'An operator allowed mail to an address again.' },
} as const satisfies Record<string, DeclaredEvent>

export type EventType = keyof typeof EVENTS

/** The same for what a door says about any act. */
export const DOOR = { open: ['command', 'trace_id'], personal: ['reason', 'operator_reason', 'ssh_client'] } as const

type KeysOf<Declared, Part extends 'open' | 'personal'> =
  Declared extends Record<Part, readonly (infer Key)[]> ? Key : never

/** The metadata keys that an event declares; of several events, those of any. */
export type MetadataKey<Type extends EventType> = Type extends EventType
  ? KeysOf<(typeof EVENTS)[Type], 'open'> | KeysOf<(typeof EVENTS)[Type], 'personal'>
  : never

type Values = Readonly<Record<string, unknown>>

/** Splits the metadata of an event, and what a door said, into what stays and what is erased with the user. */
export function splitMetadata(type: EventType, own: Values, said: Values): { metadata: Values; personal: Values } {
  const { open = [] }: DeclaredEvent = EVENTS[type]
  const [door, event] = [part(bounded(said), DOOR.open), part(bounded(own), open)]
  return { metadata: { ...door.open, ...event.open }, personal: { ...door.rest, ...event.rest } }
}

/** Rows of the log stay small, whatever was sent. */
const TEXT_MAX = 2000

function bounded(values: Values): Values {
  return shortenedIn(values, TEXT_MAX) as Values
}

function part(values: Values, open: readonly string[]): { open: Values; rest: Values } {
  const [stays, goes] = [true, false].map((isOpen) =>
    Object.entries(values).filter(([key]) => open.includes(key) === isOpen),
  )
  return { open: Object.fromEntries(stays ?? []), rest: Object.fromEntries(goes ?? []) }
}
