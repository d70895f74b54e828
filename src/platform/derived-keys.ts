import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Random } from './random.ts'

/** The place of a sealed value. Moved to another row or column, it does not open. */
export interface SealContext {
  table: string
  column: string
  rowId: string
}

/** Keys derived from the server secret, one for each purpose. No other code sees the secret. */
export interface Keys {
  /** HMAC-SHA256 with the purpose's key, in base64url. */
  mac(purpose: string, text: string): string
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
  const mac = (purpose: string, text: string) =>
    createHmac('sha256', keyFor(`mac:${purpose}`))
      .update(text)
      .digest('base64url')
  return {
    mac,
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
