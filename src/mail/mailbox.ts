import { domainToASCII } from 'node:url'

/** A sender as its header shows it. */
export interface Mailbox {
  name: string
  address: string
}

/** `Example <no-reply@example.com>` as the configuration has checked it (config/web-kind.ts). */
export function parseMailbox(text: string): Mailbox {
  const [, name = '', address = text] = /^(.*?)\s*<([^<>]+)>$/.exec(text.trim()) ?? []
  return { name: name.replace(/^"(.*)"$/, '$1'), address: address.trim() }
}

/** In ASCII: it stands in headers and in the greeting. */
export function domainOf(mailbox: Mailbox): string {
  return domainToASCII(mailbox.address.slice(mailbox.address.lastIndexOf('@') + 1))
}
