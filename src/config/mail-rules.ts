import { createPublicKey } from 'node:crypto'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { isPublicIp } from '../platform/net/ip.ts'
import type { Rule } from './rule.ts'
import { isLoopbackHost } from './web-kind.ts'

export const MAIL_RULES: Rule[] = [
  {
    keys: ['smtp.host'],
    check: ({ smtp }, { isDev }) =>
      smtp.host === undefined && !isDev
        ? {
            message: 'smtp.host is missing: without a mail server nobody can sign in',
            suggestion: 'Write host = "smtp.example.com" below [smtp]',
          }
        : undefined,
  },
  {
    keys: ['mail.from', 'smtp.host'],
    check: ({ mail, smtp }) =>
      smtp.host !== undefined && mail.from === undefined
        ? {
            message: 'mail.from is missing, but smtp.host is set: mails need a sender',
            suggestion: 'Write from = "Example <no-reply@example.com>" below [mail]',
          }
        : undefined,
  },
  {
    keys: ['smtp.tls', 'smtp.host', 'smtp.port'],
    check: ({ smtp }, { isSet }) =>
      smtp.port === 465 && smtp.tls !== 'implicit' && isSet('smtp.tls')
        ? {
            message: `smtp.tls: "${smtp.tls}" does not work on port 465, where TLS begins with the connection`,
            suggestion: 'Write tls = "implicit", or port = 587',
          }
        : undefined,
  },
  {
    keys: ['smtp.tls', 'smtp.host', 'smtp.username'],
    check: ({ smtp }) =>
      smtp.tls === 'none' && smtp.username !== undefined && smtp.host !== undefined && !isLoopbackHost(smtp.host)
        ? {
            message: `smtp.tls: "none" would send the password of smtp.username without encryption to ${smtp.host}`,
            suggestion: 'Write tls = "starttls", or remove username and password',
          }
        : undefined,
  },
  {
    keys: ['smtp.tls', 'smtp.host'],
    check: ({ smtp }) =>
      smtp.tls === 'none' && smtp.host !== undefined && !isNearHost(smtp.host)
        ? {
            message: `smtp.tls: "none" would send sign-in mails without encryption to ${smtp.host}`,
            suggestion: 'Write tls = "starttls", or "implicit" for port 465',
          }
        : undefined,
  },
  {
    keys: ['smtp.username', 'smtp.password'],
    check: ({ smtp }) =>
      smtp.username !== undefined && smtp.password === undefined
        ? {
            message: 'smtp.username is set, but smtp.password is not',
            suggestion: 'Write password_file = "/etc/authd/secrets/smtp_password"',
          }
        : undefined,
  },
  {
    keys: ['smtp.password', 'smtp.username'],
    check: ({ smtp }) =>
      smtp.password !== undefined && smtp.username === undefined
        ? { message: 'smtp.password is set, but smtp.username is not', suggestion: 'Write username = "…" below [smtp]' }
        : undefined,
  },
  {
    keys: ['mail.dkim_domain', 'mail.dkim_selector', 'mail.dkim_key'],
    check: ({ mail }) => {
      const parts = { dkim_domain: mail.dkimDomain, dkim_selector: mail.dkimSelector, dkim_key: mail.dkimKey }
      const missing = Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [`mail.${name}`] : []))
      if (missing.length === 0 || missing.length === 3) return undefined
      const given = Object.keys(parts)
        .map((name) => `mail.${name}`)
        .filter((name) => !missing.includes(name))
      return {
        message: `${given.join(' and ')} ${given.length > 1 ? 'are' : 'is'} set, but ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not`,
        suggestion: 'A signature needs all three: set all of them, or none',
      }
    },
  },
  {
    // Otherwise the signature does not count for DMARC (RFC 7489 §3.1.1).
    keys: ['mail.dkim_domain', 'mail.from'],
    check: ({ mail: { dkimDomain, from } }) => {
      const domain = from && senderDomain(from)
      if (dkimDomain === undefined || domain === undefined) return undefined
      if (domain === dkimDomain || domain.endsWith(`.${dkimDomain}`)) return undefined
      return {
        message: `mail.dkim_domain "${dkimDomain}" is neither ${domain}, the domain of mail.from, nor a parent of it`,
        suggestion: `Write dkim_domain = "${domain}"`,
      }
    },
  },
]

/** On this machine, or in a network that no stranger is in: a private address, or a name without a domain. */
function isNearHost(host: string): boolean {
  if (isLoopbackHost(host)) return true
  return isIP(host) === 0 ? !host.includes('.') : !isPublicIp(host)
}

export const MAIL_DOUBTS: Rule[] = [
  {
    keys: ['smtp.tls', 'smtp.host'],
    check: ({ smtp }) =>
      smtp.tls === 'none' && smtp.host !== undefined && !isLoopbackHost(smtp.host)
        ? {
            message: `smtp.tls: "none" sends sign-in mails without encryption to ${smtp.host}`,
            suggestion: 'Make sure that nobody else can read in that network',
          }
        : undefined,
  },
  {
    keys: ['mail.dkim_key'],
    check: ({ mail: { dkimKey } }) => {
      const bits = dkimKey && createPublicKey(dkimKey).asymmetricKeyDetails?.modulusLength
      if (!bits || bits >= 2048) return undefined
      return {
        message: `mail.dkim_key has ${bits} bits, but mail servers may require 2048 (RFC 8301)`,
        suggestion: 'Make one: openssl genrsa 2048',
      }
    },
  },
]

function senderDomain(from: string): string {
  return domainToASCII(from.replace(/^.*@|>\s*$/g, ''))
}
