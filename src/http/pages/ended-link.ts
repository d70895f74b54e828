import { AuthdError } from '../../errors.ts'
import type { PageAnswer } from './page.ts'
import type { PageValues } from './page-values.ts'

/** Shows what became of a link that no longer works, and who can send another. */
export async function orEnded(kind: PageValues['ended']['kind'], work: () => Promise<PageAnswer>): Promise<PageAnswer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AuthdError) || error.code !== 'MAGIC_LINK_EXPIRED') throw error
    const endedAt = error.details?.['ended_at']
    return {
      page: 'ended',
      status: error.status,
      values: { kind, ...(typeof endedAt === 'string' && { endedAt: Date.parse(endedAt) }) },
    }
  }
}
