import type { SmtpSettings } from './smtp-options.ts'

/** Fewer characters of base64 than these would be found in ordinary words. */
const LEAST = 4

/**
 * Removes the password of the relay from what the relay says: some quote the command that they refuse. Finds it as it is, in
 * percent form, and anywhere inside base64, as AUTH PLAIN sends it after a user name of any length (RFC 4616).
 */
export function hidePassword({ password }: Pick<SmtpSettings, 'password'>): (text: string) => string {
  if (password === undefined || password === '') return (text) => text
  const forms = [password, encodeURIComponent(password)].map(escaped)
  const cores = [0, 1, 2].map((offset) => coreOf(password, offset)).filter((core) => core.length >= LEAST)
  const encoded = cores.map((core) => `[A-Za-z0-9+/]*${escaped(core)}[A-Za-z0-9+/]*=*`)
  const quoted = new RegExp([...encoded, ...forms].join('|'), 'g')
  return (text) => text.replace(quoted, '[password]')
}

/** What base64 makes of the password alone, after 0, 1 or 2 bytes of a group of three. */
function coreOf(password: string, offset: number): string {
  const bytes = Buffer.byteLength(password)
  const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(password)]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes) * 8) / 6))
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
