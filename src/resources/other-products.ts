import { z } from 'zod'
import { toBase32 } from '../platform/base32.ts'
import { toRfc3339 } from '../platform/clock.ts'
import { findLanguage, languages } from '../platform/texts/languages.ts'

/**
 * A user of another product in the form of `users import`, and what of them is left out. `none`: not a person. Only what
 * those products document or write is read, and everything else is ignored.
 */
export type Converted = { value: unknown; left: string[] } | { fault: string } | 'none'

/** What authd's authenticator apps are (RFC 6238): other ones would show codes that are never right. */
const APP = 'Only apps with SHA-1, 6 digits and 30 seconds can be imported.'

const keycloakUser = z.object({
  email: z.string().optional(),
  emailVerified: z.boolean().optional(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  enabled: z.boolean().optional(),
  createdTimestamp: z.number().optional(),
  serviceAccountClientId: z.string().optional(),
  attributes: z.object({ locale: z.array(z.string()).optional() }).optional(),
  credentials: z
    .array(z.object({ type: z.string(), secretData: z.string().optional(), credentialData: z.string().optional() }))
    .optional(),
})

const keycloakApp = z.object({
  subType: z.literal('totp'),
  digits: z.literal(6),
  period: z.literal(30),
  algorithm: z.literal('HmacSHA1'),
  secretEncoding: z.string().nullish(),
})

/**
 * A user of a realm export (UserRepresentation). The secret of an app is text whose bytes are the key, unless
 * `secretEncoding` says BASE32. A passkey lacks the flag of backup eligibility, which must never change, so it cannot work.
 */
export function fromKeycloak(value: unknown): Converted {
  const { data: user } = keycloakUser.safeParse(value)
  if (!user) return { fault: 'Not a user of a Keycloak realm export.' }
  if (user.serviceAccountClientId !== undefined) return 'none'
  if (!user.email) return { fault: 'The user has no e-mail address.' }
  const left: string[] = []
  const has = (kind: string) => (user.credentials ?? []).filter(({ type }) => type === kind)
  const [app, ...moreApps] = has('otp')
  const secret = app && keycloakSecret(app)
  if (app && secret === undefined) left.push(`The authenticator app. ${APP}`)
  if (moreApps.length > 0) left.push('All authenticator apps but the first.')
  if ([...has('webauthn'), ...has('webauthn-passwordless')].length > 0)
    left.push('Passkeys. Keycloak exports too little of them.')
  const name = [user.firstName, user.lastName].filter((part) => part).join(' ')
  return {
    left,
    value: {
      email: user.email,
      ...(name !== '' && { name }),
      ...(user.enabled !== undefined && { status: user.enabled ? 'active' : 'disabled' }),
      email_verified: user.emailVerified === true,
      ...createdAt(user.createdTimestamp),
      ...localeOf(user.attributes?.locale?.[0]),
      ...(secret !== undefined && { totp: { secret } }),
    },
  }
}

function keycloakSecret({
  secretData,
  credentialData,
}: {
  secretData?: string | undefined
  credentialData?: string | undefined
}) {
  const { data: how } = keycloakApp.safeParse(jsonOf(credentialData))
  const { data: secret } = z.object({ value: z.string() }).safeParse(jsonOf(secretData))
  if (!how || !secret) return undefined
  const text = how.secretEncoding == null ? toBase32(Buffer.from(secret.value)) : secret.value
  return how.secretEncoding == null || how.secretEncoding.toUpperCase() === 'BASE32' ? usable(text) : undefined
}

const kratosIdentity = z.object({
  state: z.string().optional(),
  created_at: z.string().optional(),
  traits: z.object({
    email: z.string().optional(),
    name: z.union([z.string(), z.object({ first: z.string().optional(), last: z.string().optional() })]).optional(),
  }),
  verifiable_addresses: z.array(z.object({ value: z.string(), via: z.string(), verified: z.boolean() })).nullish(),
  credentials: z.record(z.string(), z.object({ config: z.unknown().optional() })).nullish(),
})

/** Bytes, as Go writes them in JSON. */
const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'))

/** `flags` are there since 2025. Without them it is not known whether a passkey may be synced, which must never change. */
const kratosPasskeys = z.object({
  user_handle: bytes,
  credentials: z.array(
    z.object({
      id: bytes,
      public_key: bytes,
      display_name: z.string().optional(),
      added_at: z.string().optional(),
      is_passwordless: z.boolean().optional(),
      flags: z.object({ backup_eligible: z.boolean(), backup_state: z.boolean() }).nullish(),
      transport: z.array(z.string()).nullish(),
      authenticator: z.object({ aaguid: bytes.nullish(), sign_count: z.int().optional() }).nullish(),
    }),
  ),
})

/**
 * An identity of the admin API, with `include_credential=totp` and so on. `rpId`: the domain of its passkeys, which it does
 * not name. Only passkeys for signing in without a password are discoverable and verify the user, as authd requires.
 */
export function fromKratos(value: unknown, { rpId }: { rpId: string | undefined }): Converted {
  const { data: identity } = kratosIdentity.safeParse(value)
  if (!identity) return { fault: 'Not an identity of Kratos.' }
  const addresses = (identity.verifiable_addresses ?? []).filter(({ via }) => via === 'email')
  const email = identity.traits.email ?? addresses[0]?.value
  if (!email) return { fault: 'The identity has no e-mail address in traits.email.' }
  const { name } = identity.traits
  const shown = typeof name === 'string' ? name : [name?.first, name?.last].filter((part) => part).join(' ')
  const { totp, ...others } = identity.credentials ?? {}
  const { data: app } = z.object({ totp_url: z.string() }).safeParse(totp?.config)
  const secret = app && otpauthSecret(app.totp_url)
  const left: string[] = []
  if (totp && !app) left.push('The authenticator app. Export it with include_credential=totp.')
  if (app && secret === undefined) left.push(`The authenticator app. ${APP}`)
  const passkeys = kratosPasskeysOf([others['passkey']?.config, others['webauthn']?.config], rpId, left)
  return {
    left,
    value: {
      email,
      ...(shown !== '' && { name: shown }),
      ...statusOf(identity.state),
      email_verified: addresses.some((address) => address.value === email && address.verified),
      ...createdAt(identity.created_at),
      ...(secret !== undefined && { totp: { secret } }),
      ...passkeys,
    },
  }
}

/** A state that is missing or unknown says nothing: it does not enable a user who is disabled here. */
function statusOf(state: string | undefined): { status?: 'active' | 'disabled' } {
  if (state === 'active') return { status: 'active' }
  return state === 'inactive' ? { status: 'disabled' } : {}
}

/** A user has one handle here, so passkeys of another one are left out. */
function kratosPasskeysOf(configs: unknown[], rpId: string | undefined, left: string[]): Record<string, unknown> {
  const sets = configs.flatMap((config) => (config ? [kratosPasskeys.safeParse(config).data] : []))
  const all = sets.flatMap((set) => set?.credentials ?? [])
  if (sets.length === 0) return {}
  const handle = sets.find((set) => set && set.credentials.length > 0)?.user_handle
  const own = sets.flatMap((set) => (handle && set?.user_handle.equals(handle) ? set.credentials : []))
  const usable = own.filter(({ flags, is_passwordless: isPasswordless }) => flags && isPasswordless !== false)
  if (rpId === undefined) left.push('Passkeys. Name their domain with --rp-id.')
  else if (usable.length < all.length || sets.includes(undefined)) {
    left.push('Passkeys without their flags, second factors only, or of another user handle.')
  }
  if (rpId === undefined || !handle || usable.length === 0) return {}
  return {
    webauthn_user_id: handle.toString('base64url'),
    passkeys: usable.map((passkey, at) => ({
      rp_id: rpId,
      credential_id: passkey.id.toString('base64url'),
      public_key: passkey.public_key.toString('base64url'),
      counter: passkey.authenticator?.sign_count ?? 0,
      transports: (passkey.transport ?? []).filter((name) => /^[a-z-]{1,20}$/.test(name)),
      aaguid: uuidOf(passkey.authenticator?.aaguid),
      name: passkey.display_name || `Passkey ${at + 1}`,
      backup_eligible: passkey.flags?.backup_eligible === true,
      backed_up: passkey.flags?.backup_state === true,
      ...createdAt(passkey.added_at),
    })),
  }
}

function uuidOf(aaguid: Buffer | null | undefined): string {
  const hex = (aaguid?.length === 16 ? aaguid : Buffer.alloc(16)).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The secret of an `otpauth://totp/…` URL, if it is of an app that authd knows. */
function otpauthSecret(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, host, searchParams } = new URL(text)
  const is = (name: string, value: string) => (searchParams.get(name) ?? value).toUpperCase() === value
  const isApp =
    protocol === 'otpauth:' && host === 'totp' && is('algorithm', 'SHA1') && is('digits', '6') && is('period', '30')
  return isApp ? usable(searchParams.get('secret') ?? '') : undefined
}

/** 16 to 64 bytes: shorter and longer ones are refused when a code is checked. */
function usable(base32: string): string | undefined {
  const text = base32.replace(/=+$/, '').toUpperCase()
  const bytes = Math.floor((text.length * 5) / 8)
  return /^[A-Z2-7]+$/.test(text) && bytes >= 16 && bytes <= 64 ? text : undefined
}

/** Only languages that authd may have. An unknown one would refuse the user. */
function localeOf(tag: string | undefined): { locale?: string } {
  const known = tag === undefined ? undefined : findLanguage(tag, languages())
  return known === undefined ? {} : { locale: known }
}

/** Nothing for a text that is not a time. */
function createdAt(time: number | string | undefined): { created_at?: string } {
  const at = typeof time === 'string' ? Date.parse(time) : (time ?? Number.NaN)
  return Math.abs(at) < YEAR_10000_MS ? { created_at: toRfc3339(at) } : {}
}

const YEAR_10000_MS = 253_402_300_800_000

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '') as unknown
  } catch {
    // What is not JSON fits no schema.
    return undefined
  }
}
