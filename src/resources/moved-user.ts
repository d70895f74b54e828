import { z } from 'zod'
import type { MovedUser } from '../flows/users/import.ts'
import { toRfc3339 } from '../platform/clock.ts'
import { parseEmailAddress } from '../platform/email-address.ts'
import { isCanonicalBase64url } from '../platform/secret.ts'
import { findLanguage, languages } from '../platform/texts/languages.ts'
import { checkInput } from './check-input.ts'
import { timeField } from './shared-fields.ts'
import { typedText } from './text-fields.ts'

const base64url = (most: number) =>
  z
    .string()
    .min(1)
    .refine(isCanonicalBase64url, 'Write base64url without padding.')
    .refine((text) => Buffer.from(text, 'base64url').length <= most, `Write at most ${most} bytes.`)

const time = timeField.transform((text) => Date.parse(text))

/** otplib accepts secrets of these lengths only, in bytes. */
const SEED = { least: 16, most: 64 }

/** As `users export --all` writes it, and `users import` reads it: one object per line. */
const movedUser = z.strictObject({
  id: z
    .string()
    .regex(/^usr_[0-9a-hjkmnp-tv-z]{26}$/, 'Write an id of authd, or omit it.')
    .optional(),
  email: z.string().transform((text, context) => {
    const email = parseEmailAddress(text)
    if (email) return email
    context.addIssue({ code: 'custom', message: 'Write one e-mail address, such as ada@example.com.' })
    return z.NEVER
  }),
  name: typedText('user_name').nullable().optional(),
  status: z.enum(['active', 'disabled']).optional(),
  created_at: time.optional(),
  last_seen_at: time.nullable().optional(),
  email_verified: z.boolean().optional(),
  email_verified_at: time.nullable().optional(),
  first_verified_at: time.nullable().optional(),
  invited_until: time.nullable().optional(),
  disabled_at: time.nullable().optional(),
  disabled_reason: typedText('reason').nullable().optional(),
  locale: z
    .string()
    .transform((tag, context) => {
      const found = findLanguage(tag, languages())
      if (found !== undefined) return found
      context.addIssue({ code: 'custom', message: `Write one of ${languages().join(', ')}.` })
      return z.NEVER
    })
    .nullable()
    .optional(),
  mfa_policy: z.enum(['optional', 'required']).nullable().optional(),
  totp: z
    .strictObject({
      secret: z
        .string()
        .transform((text) => text.replace(/[ =]/g, '').toUpperCase())
        .refine((text) => {
          const bytes = Math.floor((text.length * 5) / 8)
          return /^[A-Z2-7]+$/.test(text) && bytes >= SEED.least && bytes <= SEED.most
        }, `Write ${SEED.least} to ${SEED.most} bytes in base32.`),
      confirmed_at: time.optional(),
    })
    .nullable()
    .optional(),
  webauthn_user_id: base64url(64).nullable().optional(),
  passkeys: z
    .array(
      z.strictObject({
        rp_id: z.string().min(1).max(253),
        credential_id: base64url(1023),
        public_key: base64url(2048),
        counter: z.int().min(0).max(0xffff_ffff),
        transports: z.array(z.string().regex(/^[a-z-]{1,20}$/)).max(8),
        aaguid: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        name: typedText('passkey_name'),
        backup_eligible: z.boolean(),
        backed_up: z.boolean(),
        created_at: time.optional(),
        last_used_at: time.nullable().optional(),
      }),
    )
    .max(50)
    .optional(),
  recovery_codes: z
    .array(
      z.strictObject({
        salt: z.union([z.literal(''), base64url(64)]),
        hash: base64url(32),
        created_at: time.optional(),
      }),
    )
    .max(100)
    .refine((codes) => new Set(codes.map(({ salt }) => salt)).size < 2, 'All codes of a user have one salt.')
    .optional(),
})

export type MovedUserResource = z.input<typeof movedUser>

/** The columns of CSV: what is one value. */
export const MOVED_COLUMNS = [
  ...['email', 'name', 'id', 'status', 'email_verified', 'email_verified_at', 'first_verified_at', 'locale'],
  ...['mfa_policy', 'created_at', 'last_seen_at', 'disabled_at', 'disabled_reason', 'invited_until'],
] as (keyof MovedUserResource)[]

/** Checks one user of an import. Returns the user, or what is wrong, with the name of the field. */
export function parseMovedUser(value: unknown, now: number): { user: MovedUser } | { fault: string } {
  const { data, error } = checkInput(movedUser, value)
  if (data === undefined) {
    const faults = (error?.issues ?? []).map((issue) => `${placeOf(issue)}${issue.message}`)
    return { fault: faults.slice(0, 3).join(' ') }
  }
  const late = findLate(data, now)
  if (late) return { fault: `${textOf(late)}: Write a time in the past.` }
  const isDisabled = data.status === undefined ? undefined : data.status === 'disabled'
  if (data.disabled_at != null && isDisabled !== true)
    return { fault: 'status: Write "disabled", or omit disabled_at.' }
  if (data.email_verified === false && data.email_verified_at != null)
    return { fault: 'email_verified: Write true, or omit email_verified_at.' }
  if (data.email_verified && data.email_verified_at === null)
    return { fault: 'email_verified_at: Write a time, or omit it.' }
  const verifiedAt = data.email_verified_at === undefined && data.email_verified ? now : data.email_verified_at
  return {
    user: {
      email: data.email,
      id: data.id,
      name: data.name,
      createdAt: data.created_at,
      lastSeenAt: data.last_seen_at,
      emailVerifiedAt: verifiedAt,
      firstVerifiedAt: data.first_verified_at,
      disabledAt: isDisabled === undefined ? undefined : isDisabled ? (data.disabled_at ?? now) : null,
      disabledReason: data.disabled_reason,
      lang: data.locale,
      mfaPolicy: data.mfa_policy,
      invitedUntil: data.invited_until,
      webauthnUserId: data.webauthn_user_id,
      totp: data.totp ? { secret: data.totp.secret, confirmedAt: data.totp.confirmed_at ?? now } : undefined,
      passkeys: data.passkeys?.map((passkey) => ({
        rpId: passkey.rp_id,
        credentialId: passkey.credential_id,
        publicKey: passkey.public_key,
        counter: passkey.counter,
        transports: passkey.transports,
        aaguid: passkey.aaguid,
        name: passkey.name,
        isBackupEligible: passkey.backup_eligible,
        isBackedUp: passkey.backed_up,
        createdAt: passkey.created_at ?? now,
        lastUsedAt: passkey.last_used_at ?? null,
      })),
      recoveryCodes: data.recovery_codes?.map(({ salt, hash, created_at }) => ({
        salt,
        codeHash: hash,
        createdAt: created_at ?? now,
      })),
    },
  }
}

/** `passkeys[0].counter: `. zod names an unknown field apart from its place. */
function placeOf(issue: z.core.$ZodIssue): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path
  return path.length === 0 ? '' : `${textOf(path)}: `
}

function textOf(path: PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return text.replace(/^\./, '')
}

/** The place of the first time that something happened at, and that is later than `now`. */
function findLate(value: object, now: number): PropertyKey[] | undefined {
  for (const [name, inner] of Object.entries(value)) {
    const place = Array.isArray(value) ? Number(name) : name
    if (typeof inner === 'number' && name.endsWith('_at') && inner > now) return [place]
    const deeper = typeof inner === 'object' && inner !== null ? findLate(inner, now) : undefined
    if (deeper) return [place, ...deeper]
  }
  return undefined
}

/** Presents a user for another authd. */
export function presentMovedUser(user: MovedUser): MovedUserResource {
  const { totp, passkeys, recoveryCodes } = user
  return {
    id: user.id,
    email: user.email.typed,
    name: user.name ?? null,
    status: user.disabledAt == null ? 'active' : 'disabled',
    created_at: timeOf(user.createdAt) ?? undefined,
    last_seen_at: timeOf(user.lastSeenAt),
    email_verified_at: timeOf(user.emailVerifiedAt),
    first_verified_at: timeOf(user.firstVerifiedAt),
    invited_until: timeOf(user.invitedUntil),
    disabled_at: timeOf(user.disabledAt),
    disabled_reason: user.disabledReason ?? null,
    locale: user.lang ?? null,
    mfa_policy: user.mfaPolicy ?? null,
    webauthn_user_id: user.webauthnUserId ?? null,
    ...(totp && { totp: { secret: totp.secret, confirmed_at: toRfc3339(totp.confirmedAt) } }),
    ...(passkeys?.length && {
      passkeys: passkeys.map((passkey) => ({
        rp_id: passkey.rpId,
        credential_id: passkey.credentialId,
        public_key: passkey.publicKey,
        counter: passkey.counter,
        transports: passkey.transports,
        aaguid: passkey.aaguid,
        name: passkey.name,
        backup_eligible: passkey.isBackupEligible,
        backed_up: passkey.isBackedUp,
        created_at: toRfc3339(passkey.createdAt),
        last_used_at: timeOf(passkey.lastUsedAt),
      })),
    }),
    ...(recoveryCodes?.length && {
      recovery_codes: recoveryCodes.map(({ salt, codeHash, createdAt }) => ({
        salt,
        hash: codeHash,
        created_at: toRfc3339(createdAt),
      })),
    }),
  }
}

function timeOf(epochMs: number | null | undefined): string | null {
  return epochMs == null ? null : toRfc3339(epochMs)
}
