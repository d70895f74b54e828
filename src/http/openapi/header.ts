const text = { type: 'string' }

/** The headers of answers that many routes share. Others stand with their route. */
export const HEADER_COMPONENTS = {
  ETag: { description: 'For `If-None-Match` the next time.', schema: text },
  RateLimit: {
    description: 'What is left of the limit of the address, if the request counted against it: `"ip";r=59;t=60`.',
    schema: text,
  },
  'RateLimit-Policy': { description: 'That limit and its window in seconds: `"ip";q=60;w=60`.', schema: text },
  'Retry-After': { description: 'Seconds until another try can succeed.', schema: { type: 'integer' } },
  'Set-Cookie': {
    description: 'The cookies of a session or an attempt that are begun, renewed or ended, for a browser.',
    schema: text,
  },
  'WWW-Authenticate': {
    description:
      'The scheme. `error` says `invalid_token` for a token that is not valid, and `insufficient_scope` for an API key without the scope (RFC 6750 §3).',
    schema: text,
  },
} as const

export type HeaderName = keyof typeof HEADER_COMPONENTS

/** On the answers of requests that count against the limit of an address. */
export const RATE_LIMIT = ['RateLimit', 'RateLimit-Policy'] as const satisfies HeaderName[]

export function headersFor(...names: HeaderName[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}
