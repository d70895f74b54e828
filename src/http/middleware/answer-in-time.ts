import { AuthdError } from '../../errors.ts'
import type { Context, Next } from '../request/context.ts'

/**
 * Answers 503 when the server would close a socket that has been silent for too long, for example because the database
 * is far away. The work goes on until its own deadlines. A client that sends too slowly is disconnected.
 */
export async function answerInTime({ req, res }: Context, next: Next): Promise<void> {
  const late = Promise.withResolvers<never>()
  const onTimeout = () => {
    if (req.complete && !res.headersSent) late.reject(new AuthdError('UNAVAILABLE', { retryAfter: 1 }))
    else req.socket.destroy()
  }
  res.on('timeout', onTimeout)
  try {
    await Promise.race([next(), late.promise])
  } finally {
    res.off('timeout', onTimeout)
  }
}
