import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Random } from './random.ts'
import { equalSecrets } from './secret.ts'

/** The place of a sealed value. Moved to another row or column, it does not open. */
export interface SealContext {
  table: string
  column: string
  rowId: string
}

/** What stays good after a rotation of the server secret: MACs that are held by browsers or mails, or wait in the database. */
const CARRIED = ['check-cookie', 'signin-code', 'not-you'] as const

/** By purpose, keys of earlier server secrets in base64url, the newest first. */
export type CarriedKeys = Partial<Record<string, string[]>>

/** Earlier server secrets whose MACs are accepted. */
const SECRETS_CARRIED = 3

/** Keys derived from the server secret, one for each purpose. No other code sees the secret. */
export interface Keys {
  /** HMAC-SHA256 with the purpose's key, in base64url. */
  mac(purpose: string, text: string): string
  /** Whether this is the MAC of the text, also by an earlier server secret if the purpose is carried. */
  isMac(purpose: string, text: string, mac: string): boolean
  /** Accepts the MACs of earlier server secrets from now on. */
  carry(keys: CarriedKeys): void
  /** What the next server secret carries. */
  toCarry(): CarriedKeys
  /** AES-256-GCM: `<version>.<nonce ‖ ciphertext ‖ tag>`. */
  seal(context: SealContext, plain: string): string
  /** Throws if the value was not sealed for this context with this secret. */
  open(context: SealContext, sealed: string): string
  /** Identifies the server secret without revealing it. The database keeps it. */
  checkValue(): string
}

const VERSION = '1'

const MIN_SECRET_BYTES = 32

/** Throws if the secret is shorter than 32 bytes: nothing may be derived from an empty file. */
export function keysFrom(secret: Buffer, random: Pick<Random, 'bytes'>): Keys {
  if (secret.length < MIN_SECRET_BYTES) throw new Error('the server secret is shorter than 32 bytes')
  const derived = new Map<string, KeyObject>()
  const keyFor = (purpose: string): KeyObject => {
    const known = derived.get(purpose)
    if (known) return known
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, 'authd', purpose, 32)))
    derived.set(purpose, key)
    return key
  }
  const macWith = (key: KeyObject, text: string) => createHmac('sha256', key).update(text).digest('base64url')
  const mac = (purpose: string, text: string) => macWith(keyFor(`mac:${purpose}`), text)
  const carried = new Map<string, KeyObject[]>()
  return {
    mac,
    isMac(purpose, text, given) {
      if (equalSecrets(given, mac(purpose, text))) return true
      return (carried.get(purpose) ?? []).some((key) => equalSecrets(given, macWith(key, text)))
    },
    carry(keys) {
      for (const purpose of CARRIED) {
        carried.set(
          purpose,
          (keys[purpose] ?? []).map((text) => createSecretKey(text, 'base64url')),
        )
      }
    },
    toCarry: () =>
      Object.fromEntries(
        CARRIED.map((purpose) => {
          const known = [keyFor(`mac:${purpose}`), ...(carried.get(purpose) ?? [])]
          return [purpose, known.slice(0, SECRETS_CARRIED).map((key) => key.export().toString('base64url'))]
        }),
      ),
    checkValue: () => mac('check-value', 'authd server secret'),
    seal(context, plain) {
      const nonce = random.bytes(12)
      const cipher = createCipheriv('aes-256-gcm', keyFor(`seal:${context.table}`), nonce)
      cipher.setAAD(boundTo(context))
      const body = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${VERSION}.${body.toString('base64url')}`
    },
    open(context, sealed) {
      const [version, text] = sealed.split('.')
      if (version !== VERSION || !text) throw new Error('sealed value: unknown version')
      const body = Buffer.from(text, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', keyFor(`seal:${context.table}`), body.subarray(0, 12))
      decipher.setAAD(boundTo(context))
      decipher.setAuthTag(body.subarray(-16))
      return Buffer.concat([decipher.update(body.subarray(12, -16)), decipher.final()]).toString('utf8')
    },
  }
}

function boundTo({ table, column, rowId }: SealContext): Buffer {
  return Buffer.from(`${table}\n${column}\n${rowId}`)
}
