import type { PostgresUrl } from './postgres-url.ts'

/**
 * The variables that make a program of PostgreSQL connect as authd does. The password is among them, because arguments can
 * be read by every user of the machine.
 * https://www.postgresql.org/docs/current/libpq-envars.html
 */
export function libpqEnvironment(url: PostgresUrl): Record<string, string> {
  const { servers, user, password, database, sslMode, sslRootCert, sslCert, sslKey } = url
  const rootCert = sslRootCert ?? (sslMode === 'verify-full' ? 'system' : undefined)
  return {
    PGHOST: servers.map(({ host }) => host).join(','),
    PGPORT: servers.map(({ port }) => port).join(','),
    PGUSER: user,
    PGDATABASE: database,
    PGSSLMODE: sslMode,
    PGTARGETSESSIONATTRS: url.mustBeWritable ? 'read-write' : 'any',
    PGCONNECT_TIMEOUT: String(url.connectTimeoutMs / 1000),
    PGAPPNAME: url.applicationName,
    // authd reads no such file either.
    PGPASSFILE: '/dev/null',
    ...(password !== undefined && { PGPASSWORD: password }),
    ...(rootCert !== undefined && { PGSSLROOTCERT: rootCert }),
    ...(sslCert !== undefined && { PGSSLCERT: sslCert }),
    ...(sslKey !== undefined && { PGSSLKEY: sslKey }),
  }
}
