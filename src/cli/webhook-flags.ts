import { Flags } from '@oclif/core'
import type { AuthdError } from '../errors.ts'
import { refuseWebhookUrl } from '../platform/net/webhook-url.ts'
import { completing } from './completion/offer.ts'

export const eventsFlag = {
  events: completing(
    'event-types',
    Flags.string({
      description: "Events to send, separated by commas: 'user.*'.",
    }),
  ),
}

export function splitEvents(text: string): string[] {
  return text
    .split(',')
    .map((glob) => glob.trim())
    .filter((glob) => glob !== '')
}

/** Finds the error of a URL that --allow-private permits. */
export function isAboutPrivate(url: string | undefined) {
  return ({ message }: AuthdError): boolean =>
    message.startsWith('url:') && url !== undefined && refuseWebhookUrl(url, { allowsPrivate: true }) === undefined
}
