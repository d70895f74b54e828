import { getCACertificates, setDefaultCACertificates } from 'node:tls'

let isTrusted = false

/**
 * From now on, each TLS connection of this process trusts what the system trusts (`update-ca-certificates`), beside what
 * Node brings. Called where a client for TLS is made: reading them takes about 100 ms, once.
 */
export function trustSystemCertificates(): void {
  if (isTrusted) return
  isTrusted = true
  setDefaultCACertificates([...new Set([...getCACertificates('default'), ...getCACertificates('system')])])
}
