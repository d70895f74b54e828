import { Flags } from '@oclif/core'
import type { AuthdError } from '../errors.ts'

export const eventsFlag = {
  events: Flags.string({
    description: "Events to send, separated by commas: 'user.*'.",
  }),
}

export function splitEvents(text: string): string[] {
  return text
    .split(',')
    .map((glob) => glob.trim())
    .filter((glob) => glob !== '')
}

/** The endpoint was rejected because only --allow-private permits it. */
export function isAboutPrivate({ message }: AuthdError): boolean {
  return /private network|https:/.test(message)
}
