import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { SECOND } from '../platform/clock.ts'
import { trustSystemCertificates } from '../platform/net/system-certificates.ts'

/** How to reach the mail server: the section `smtp` of the configuration. */
export interface SmtpSettings {
  host: string
  port: number
  username?: string | undefined
  password?: string | undefined
  tls: 'starttls' | 'implicit' | 'none'
  /** Milliseconds to wait for a connection and for each answer. */
  timeout: number
  maxConnections: number
  /** CA certificates in PEM, instead of those that the system trusts. */
  caFile?: string | undefined
}

/** After DATA, a mail server may scan the mail before it answers. */
const SOCKET_TIMEOUT_MS = 30 * SECOND

/** nodemailer's options for a connection: TLS unless it is turned off, and only with a valid certificate. */
export function connectionOptions(smtp: SmtpSettings, fromDomain: string) {
  if (smtp.tls !== 'none' && smtp.caFile === undefined) trustSystemCertificates()
  return {
    host: smtp.host,
    port: smtp.port,
    name: fromDomain,
    secure: smtp.tls === 'implicit',
    requireTLS: smtp.tls === 'starttls',
    ignoreTLS: smtp.tls === 'none',
    connectionTimeout: smtp.timeout,
    greetingTimeout: smtp.timeout,
    dnsTimeout: smtp.timeout,
    socketTimeout: Math.max(SOCKET_TIMEOUT_MS, smtp.timeout),
    tls: {
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2' as const,
      ...(isIP(smtp.host) === 0 && { servername: smtp.host }),
      ...(smtp.caFile !== undefined && { ca: readFileSync(smtp.caFile, 'utf8') }),
    },
  }
}

export function credentials(smtp: SmtpSettings): { user: string; pass: string } | undefined {
  return smtp.username === undefined ? undefined : { user: smtp.username, pass: smtp.password ?? '' }
}
