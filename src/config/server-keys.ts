import { field, section } from './key-declaration.ts'
import { duration, listOf, oneOf, path, secretText, wholeNumber, yesNo } from './kind.ts'
import { cidr, host, postgresUrl, publicUrl } from './web-kind.ts'

/** The keys outside any section. server-rules.ts compares keys with each other. */
export const TOP = {
  public_url: field(publicUrl(), {
    text: 'The address of authd as browsers see it. It may have a path, which the proxy strips or passes on. It is also the issuer of the tokens. Plain http is allowed for localhost only.',
    applies: 'restart',
    required: true,
    fallback: {
      text: 'http://localhost:PORT, in development only',
      of: ({ isDev, value }) => (isDev ? `http://localhost:${value('server.port')}` : undefined),
    },
    example: 'https://auth.example.com',
  }),
  data_dir: field(path(), {
    text: 'The folder of the database, the server secret and backups. Only the user who runs authd needs access.',
    applies: 'restart',
    fallback: {
      text: '/var/lib/authd, or with a configuration in another folder of /etc the same below /var/lib; in development ./authd-data',
      of: ({ isDev, serviceFolder = '/etc/authd' }) =>
        isDev ? './authd-data' : serviceFolder.replace('/etc/', '/var/lib/'),
    },
    example: '/var/lib/authd',
  }),
  secret: field(secretText(32), {
    text: 'The server secret, which protects stored data. Usually omitted, because secret_file holds it.',
    applies: 'restart',
    secret: true,
  }),
  secret_file: field(path(), {
    text: 'The file of the server secret, at least 32 bytes. The first start makes it. Keep a copy separate from the database: neither can be used without the other.',
    applies: 'restart',
    fallback: { text: '<data_dir>/secret', of: ({ value }) => `${value('data_dir')}/secret` },
    example: '/var/lib/authd/secret',
  }),
}

/** Where the daemon listens, and its database. */
export const SERVER_SECTIONS = {
  server: section('Where the daemon listens.', {
    host: field(host(), {
      text: 'The address to listen on. Behind a proxy on this machine, keep 127.0.0.1.',
      applies: 'restart',
      default: '127.0.0.1',
      established: 'server_host',
    }),
    port: field(wholeNumber(1, 65535), {
      text: 'The port to listen on.',
      applies: 'restart',
      default: 3000,
      established: 'server_port',
    }),
    hsts: field(oneOf('subdomains', 'host', 'off'), {
      text: 'The header Strict-Transport-Security, with which browsers use only https for two years: for this host and all its subdomains, for this host, or off.',
      applies: 'restart',
      fallback: {
        text: 'subdomains, or off if public_url has a path, because other programs share the host',
        of: ({ value }) => (/^https?:\/\/[^/]+\/./.test(String(value('public_url'))) ? 'off' : 'subdomains'),
      },
      example: 'host',
    }),
    max_connections: field(wholeNumber(1, 1_000_000), {
      text: 'Maximum number of open connections. More are refused.',
      applies: 'restart',
      default: 10_000,
    }),
    shutdown_timeout: field(duration('1s', '10m'), {
      text: 'Time that open requests get to finish when authd stops.',
      applies: 'restart',
      default: '10s',
    }),
    trusted_proxies: field(listOf(cidr(), 'addresses or ranges'), {
      text: 'Proxies whose X-Forwarded-For authd trusts. Without them, all clients behind a proxy have one address.',
      applies: 'restart',
      default: [],
      example: ['127.0.0.1', '::1'],
    }),
  }),
  database: section('The database: one SQLite file, or PostgreSQL.', {
    path: field(path(), {
      text: 'The SQLite file.',
      applies: 'restart',
      fallback: { text: '<data_dir>/authd.db', of: ({ value }) => `${value('data_dir')}/authd.db` },
      example: '/var/lib/authd/authd.db',
      established: 'database_path',
    }),
    url: field(postgresUrl(), {
      text: 'Use PostgreSQL in place of SQLite: postgres://USER:PASSWORD@HOST/DATABASE, with several hosts, sslmode, sslrootcert and target_session_attrs as psql has them. Several instances may share it.',
      applies: 'restart',
      secret: true,
    }),
    auto_migrate: field(yesNo(), {
      text: 'Apply pending migrations at start. If false, run "authd migrate up" before you start a new version.',
      applies: 'restart',
      fallback: {
        text: 'true with SQLite, false with PostgreSQL',
        of: ({ value }) => value('database.url') === undefined,
      },
      example: true,
    }),
    pool_size: field(wholeNumber(1, 1000), {
      text: 'Maximum number of connections to PostgreSQL for requests. A daemon has one more, to hear of changes.',
      applies: 'restart',
      default: 10,
    }),
  }),
}
