/**
 * The credential in an `Authorization` header: a bearer token (RFC 6750 §2.1), or an API key as the password of Basic
 * authentication, because callers of RFC 7662 use either. Undefined if it holds neither.
 */
export function bearerOf(authorization: string): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  const password = scheme.toLowerCase() === 'basic' ? passwordOf(value) : undefined
  return password?.startsWith('key_') ? password : undefined
}

/** The password of `user:password`, form-encoded (RFC 6749 §2.3.1) or as it is. The user name may be any text. */
function passwordOf(base64: string): string | undefined {
  if (!/^[A-Za-z0-9+/_=-]+$/.test(base64)) return undefined
  const [, password] = /:(.*)$/s.exec(Buffer.from(base64, 'base64').toString('utf8')) ?? []
  return password === undefined ? undefined : decodeForm(password)
}

/** Undefined for a malformed text, which is not an API key: those are the same encoded and as they are. */
function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // decodeURIComponent says nothing about a malformed text.
    return undefined
  }
}
