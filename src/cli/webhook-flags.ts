import { Flags } from '@oclif/core'
import { AuthdError } from '../errors.ts'

export const eventsFlag = {
  events: Flags.string({
    description: "Events to send, separated by commas: 'user.*'. Defaults to all.",
  }),
}

export function splitEvents(text: string): string[] {
  return text
    .split(',')
    .map((glob) => glob.trim())
    .filter((glob) => glob !== '')
}

/** Says which flag lets an endpoint be in a private network, where that was why it was refused. */
export async function withPrivateHint<Result>(
  command: string,
  allowsPrivate: boolean | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const isPrivate = error instanceof AuthdError && /private network|https:/.test(error.message)
    if (!isPrivate || allowsPrivate) throw error
    throw new AuthdError(error.code, { message: error.message, suggestions: [`${command} --allow-private`] })
  }
}
