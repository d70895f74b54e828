import { AuthdError } from '../../errors.ts'
import type { Context, Next } from '../request/context.ts'

/**
 * Development mode is for this machine only, so it takes a request only under a host of this machine, and a forwarded one
 * only from a proxy of this machine, such as that of a web framework, for a browser on it.
 */
export function thisMachineOnly({ isDevelopment }: { isDevelopment: boolean }) {
  return async (ctx: Context, next: Next): Promise<void> => {
    if (isDevelopment && !ctx.state.client.isLocal) {
      throw new AuthdError('FORBIDDEN', {
        message:
          'Development mode is for this machine only, and the Host or a forwarding header names another client or host. Open authd under localhost, or write a configuration with server.trusted_proxies: authd init.',
      })
    }
    await next()
  }
}
