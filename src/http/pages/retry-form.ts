import { AuthdError } from '../../errors.ts'
import type { PageAnswer } from './page.ts'

/** Shows the page again with an error that the user can correct there. */
export async function orAgain(
  work: () => Promise<PageAnswer>,
  mendable: readonly string[],
  again: (error: AuthdError) => Promise<PageAnswer> | PageAnswer,
): Promise<PageAnswer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AuthdError) || !mendable.includes(error.code)) throw error
    return await again(error)
  }
}
