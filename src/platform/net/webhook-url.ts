import { isIP } from 'node:net'
import { isPublicIp } from './ip.ts'

const PRIVATE_NAME = /(?:^|\.)(?:localhost|local|internal|lan|home\.arpa)\.?$/i

/**
 * Why a text cannot be where events are sent, in words; undefined: it can. What a name leads to is looked at when it
 * is connected.
 */
export function refuseWebhookUrl(text: string, { allowsPrivate }: { allowsPrivate: boolean }): string | undefined {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || text.length > 2000)
    return 'Write the whole address: https://app.example.com/events'
  if (url.username || url.password) return 'It must hold no user name or password: deliveries are signed.'
  if (url.hash) return 'It must have no fragment.'
  if (allowsPrivate) return undefined
  if (url.protocol === 'http:') return 'It must start with https://.'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isPrivate = isIP(host) === 0 ? PRIVATE_NAME.test(host) : !isPublicIp(host)
  return isPrivate ? 'It leads into a private network.' : undefined
}
