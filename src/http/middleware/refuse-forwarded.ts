import { AuthdError } from '../../errors.ts'
import type { Context, Next } from '../request/context.ts'

/**
 * Rejects a request whose headers name two different clients: the client wrote one of them. Development mode rejects
 * every forwarded request, because it is for this machine only.
 */
export function refuseForwarded({ isDevelopment }: { isDevelopment: boolean }) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const { isUnclear, isIgnored } = ctx.state.client
    if (isUnclear) {
      throw new AuthdError('BAD_REQUEST', {
        message: 'Forwarded and X-Forwarded-For name different clients: the proxy must set one and remove the other.',
      })
    }
    if (isDevelopment && isIgnored) {
      throw new AuthdError('FORBIDDEN', { message: 'Development mode rejects requests that a proxy forwarded.' })
    }
    await next()
  }
}
