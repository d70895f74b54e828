import { AuthdError } from '../../errors.ts'
import { toRfc3339 } from '../../platform/clock.ts'

/** The error of a link that no longer works. The holder of a genuine one is told when it ended. 0 means that authd ended it. */
export function endedLink(endedAt = 0): AuthdError {
  return new AuthdError('MAGIC_LINK_EXPIRED', endedAt > 0 ? { details: { ended_at: toRfc3339(endedAt) } } : {})
}
