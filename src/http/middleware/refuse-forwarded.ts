import { AuthdError } from '../../errors.ts'
import type { Context, Next } from '../request/context.ts'

/**
 * Rejects a request whose headers name two different clients: the client wrote one of them. Development mode is for this
 * machine only, so it takes a forwarded request only from a proxy of this machine, such as that of a web framework, for a
 * browser on it.
 */
export function refuseForwarded({ isDevelopment }: { isDevelopment: boolean }) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const { isUnclear, isIgnored, isLocal } = ctx.state.client
    if (isUnclear) {
      throw new AuthdError('BAD_REQUEST', {
        message: 'Forwarded and X-Forwarded-For name different clients: the proxy must set one and remove the other.',
      })
    }
    if (isDevelopment && isIgnored && !isLocal) {
      throw new AuthdError('FORBIDDEN', {
        message:
          'Development mode is for this machine only, and forwarding headers name another client or host. Write a configuration with server.trusted_proxies: authd init.',
      })
    }
    await next()
  }
}
