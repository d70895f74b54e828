import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Random } from './random.ts'

/** What a sealed value belongs to: moved to another row or column, it does not open. */
export interface SealContext {
  table: string
  column: string
  rowId: string
}

/** Keys made from the server secret, by purpose; the secret itself travels nowhere else. */
export interface Keys {
  /** HMAC-SHA256 under the purpose's key, base64url. */
  mac(purpose: string, text: string): string
  /** AES-256-GCM: `<version>.<nonce ‖ ciphertext ‖ tag>`. */
  seal(context: SealContext, plain: string): string
  /** Throws if it was not sealed for this context under a secret we have. */
  open(context: SealContext, sealed: string): string
  /** Says which server secret this is, without telling it: kept in the database. */
  checkValue(): string
}

const VERSION = '1'

/** @param secret at least 32 bytes, from the secret file */
export function keysFrom(secret: Buffer, random: Pick<Random, 'bytes'>): Keys {
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
