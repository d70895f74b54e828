import type { AuthdError } from '../../errors.ts'
import { UNSUPPORTED_GRANT } from '../request/body.ts'

/** RFC 6749 §5.2 and RFC 6750 §3.1, for requests that OAuth libraries make. */
export function oauthError(error: AuthdError): { name: string; status: number; description: string } {
  return { ...kindOf(error), description: describe(error.message) }
}

function kindOf({ code, status, details }: AuthdError): { name: string; status: number } {
  if (code === 'INVALID_TOKEN' || code === 'EXPIRED_TOKEN') return { name: 'invalid_grant', status: 400 }
  if (status === 401) return { name: 'invalid_client', status }
  if (status === 403) return { name: code === 'FORBIDDEN' ? 'insufficient_scope' : 'access_denied', status }
  if (status === 503 || status === 429 || code === 'REQUEST_IN_PROGRESS') {
    return { name: 'temporarily_unavailable', status }
  }
  if (status >= 500) return { name: 'server_error', status }
  return { name: isUnsupportedGrant(details) ? 'unsupported_grant_type' : 'invalid_request', status: 400 }
}

/** RFC 6749 §5.2 allows only some of ASCII. A message may name a field that the client sent. */
function describe(message: string): string {
  return message.replaceAll('"', "'").replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
}

function isUnsupportedGrant(details: Record<string, unknown> | undefined): boolean {
  const errors = details?.['errors']
  return Array.isArray(errors) && errors.some(({ code }) => code === UNSUPPORTED_GRANT)
}
