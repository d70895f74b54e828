import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
/** Standard Webhooks requires 24 to 64 bytes. */
const SHORTEST = 24

/**
 * Returns the secret as `whsec_` and base64, or undefined if it is too short or not base64. A text without the prefix is
 * used as raw bytes, as in other products.
 */
export function normalizeWebhookSecret(text: string): string | undefined {
  if (!text.startsWith(PREFIX)) {
    const raw = Buffer.from(text, 'utf8')
    return raw.length < SHORTEST ? undefined : `${PREFIX}${raw.toString('base64')}`
  }
  const base64 = text.slice(PREFIX.length)
  const bytes = Buffer.from(base64, 'base64')
  const isWhole = bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '')
  return isWhole && bytes.length >= SHORTEST ? `${PREFIX}${bytes.toString('base64')}` : undefined
}

export function webhookSecretOf(bytes: Buffer): string {
  return `${PREFIX}${bytes.toString('base64')}`
}

/** The headers of one try (Standard Webhooks 1.0.0), with one signature for each secret that is valid now. */
export function signWebhook(
  { id, body, seconds }: { id: string; body: string; seconds: number },
  secrets: readonly string[],
): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  }
}
