import type { Finding, Rule } from './rule.ts'

/** Values of factor-keys.ts that are valid alone, but contradict each other. */
export const FACTOR_RULES: Rule[] = [
  {
    keys: ['webauthn.rp_id', 'public_url'],
    check: ({ webauthn: { rpId }, publicUrl }) =>
      rpId === undefined ? undefined : refuseRpId(rpId, 'public_url', [publicUrl]),
  },
  {
    keys: ['webauthn.origins', 'webauthn.rp_id', 'public_url'],
    check: ({ webauthn, publicUrl }) =>
      refuseRpId(webauthn.rpId ?? new URL(publicUrl).hostname, 'webauthn.origins', webauthn.origins),
  },
]

/** Browsers accept an RP id only from an origin on that domain or below it (WebAuthn L3 §5.1.3, step 8). */
function refuseRpId(rpId: string, key: string, urls: readonly string[]): Omit<Finding, 'key'> | undefined {
  const stranger = urls.map((url) => new URL(url).hostname).find((host) => host !== rpId && !host.endsWith(`.${rpId}`))
  if (stranger === undefined) return undefined
  return {
    message: `webauthn.rp_id "${rpId}" is neither ${stranger} nor a parent domain of it`,
    suggestion: `Write rp_id = "${stranger}" or a parent of it, or change ${key}`,
  }
}
