import { isIP } from 'node:net'
import { isPublicIp } from './ip.ts'

const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|lan|home\.arpa)\.?$/i

/**
 * Returns why events cannot be sent to an address, or undefined if they can. The address behind a name is checked at
 * each connection.
 */
export function refuseWebhookUrl(text: string, { allowsPrivate }: { allowsPrivate: boolean }): string | undefined {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || text.length > 2000)
    return 'Write the full address: https://app.example.com/events'
  if (url.username || url.password) return 'It must not contain a user name or password: deliveries are signed.'
  if (url.hash) return 'It must not have a fragment.'
  if (allowsPrivate) return undefined
  if (url.protocol === 'http:') return 'It must start with https://.'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isPrivate = isIP(host) === 0 ? PRIVATE_NAME.test(host) : !isPublicIp(host)
  return isPrivate ? 'It leads into a private network.' : undefined
}
