const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * Base32 without padding (RFC 4648 §6), or with other digits. `leading` zero bits come before the bytes.
 */
export function toBase32(bytes: Uint8Array, digits = ALPHABET, leading = 0): string {
  let text = ''
  let bits = 0
  let held = leading
  for (const byte of bytes) {
    bits = (bits << 8) | byte
    held += 8
    while (held >= 5) {
      held -= 5
      text += digits[(bits >> held) & 31]
    }
    bits &= 31
  }
  return held > 0 ? text + digits[(bits << (5 - held)) & 31] : text
}
