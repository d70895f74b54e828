import type { AuthdError } from '../../errors.ts'
import type { Context } from '../request/context.ts'

const BEARER = 'Bearer realm="authd"'
const BASIC = 'Basic realm="authd", charset="UTF-8"'

/**
 * The values of `WWW-Authenticate`: the scheme that the caller used (RFC 6749 §5.2), with the reason for a token (RFC 6750
 * §3.1). After a wrong code no reason is given, because the token was valid. A request without credentials gets no
 * reason either. Only routes for OAuth clients offer Basic, because browsers ask for a password then.
 */
export function challengesOf({ state, req }: Context, { status, code }: AuthdError): string[] {
  const [scheme = ''] = (req.headers.authorization ?? '').toLowerCase().split(' ')
  if (code === 'FORBIDDEN' && state.identity.kind === 'api_key') {
    return scheme === 'basic' ? [] : [`${BEARER}, error="insufficient_scope"`]
  }
  if (status !== 401) return []
  if (code === 'INVALID_TOKEN' || code === 'EXPIRED_TOKEN') return [`${BEARER}, error="invalid_token"`]
  if (code === 'UNAUTHORIZED' && scheme === 'basic') return [BASIC]
  if (code === 'UNAUTHORIZED' && scheme === 'bearer') return [`${BEARER}, error="invalid_token"`]
  return state.isOauth && scheme === '' ? [BEARER, BASIC] : [BEARER]
}
