import { AuthdError } from '../../errors.ts'
import type { Context, Next } from '../request/context.ts'

/** Rejects a request whose headers name two different clients: the client wrote one of them. */
export async function unclearClient(ctx: Context, next: Next): Promise<void> {
  if (ctx.state.client.isUnclear) {
    throw new AuthdError('BAD_REQUEST', {
      message: 'Forwarded and X-Forwarded-For name different clients: the proxy must set one and remove the other.',
    })
  }
  await next()
}
