import { domainToASCII } from 'node:url'

/** A sender as its header shows it. */
export interface Mailbox {
  name: string
  address: string
}

/** Splits `Example <no-reply@example.com>`, which config/web-kind.ts has checked. */
export function parseMailbox(text: string): Mailbox {
  const [, name = '', address = text] = /^(.*?)\s*<([^<>]+)>$/.exec(text.trim()) ?? []
  return { name: name.replace(/^"(.*)"$/, '$1'), address: address.trim() }
}

/** Returns the domain in ASCII, for headers and the SMTP greeting. */
export function domainOf(mailbox: Mailbox): string {
  return domainToASCII(mailbox.address.slice(mailbox.address.lastIndexOf('@') + 1))
}
