import { FACTOR_SECTIONS } from './factor-keys.ts'
import { field, section } from './field.ts'
import { duration, line, listOf, oneOf, path, secretText, wholeNumber, yesNo } from './kind.ts'
import { MAIL_SECTIONS } from './mail-keys.ts'
import { OPERATION_SECTIONS } from './operation-keys.ts'
import { PROTECTION_SECTIONS } from './protection-keys.ts'
import { SESSION_SECTIONS } from './session-keys.ts'
import { textFolder } from './text-folder.ts'
import { cidr, domainName, exactUrl, host, postgresUrl, publicUrl, redirectUrl } from './web-kind.ts'
import { WEBHOOK_SECTIONS } from './webhook-keys.ts'

const MAKE_ONE = 'Make one with: openssl rand -base64 32'

/** The keys outside any section. */
export const TOP = {
  public_url: field(publicUrl(), {
    text: 'The address of authd as browsers see it. It may have a path, which the proxy strips. It is also the issuer of the tokens. Plain http is allowed for localhost only.',
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
      text: '/var/lib/authd, in development ./authd-data',
      of: ({ isDev }) => (isDev ? './authd-data' : '/var/lib/authd'),
    },
    example: '/var/lib/authd',
  }),
  secret: field(secretText(32, MAKE_ONE), {
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

/** The sections whose features this version has. */
export const SECTIONS = {
  app: section('Texts and design of pages and mails.', {
    name: field(line(80), {
      text: 'The name of your product.',
      applies: 'reload',
      default: 'authd',
    }),
    support_url: field(exactUrl(), {
      text: 'A page or address where users get help.',
      applies: 'reload',
      example: 'https://example.com/help',
    }),
    notice: field(line(200), {
      text: 'A notice above the sign-in form, for example about maintenance.',
      applies: 'live',
      example: 'Maintenance tonight from 22:00 to 23:00 UTC.',
    }),
    logo: field(path(), {
      text: 'A logo for the top of the pages, 32 px high: a .svg, .png or .webp file of at most 256 KiB.',
      applies: 'restart',
      example: '/etc/authd/logo.svg',
    }),
    locales_dir: field(path(), {
      text: 'The folder of your own sentences for pages and mails: en.json and de.json with only those that differ. Read again at every reload.',
      applies: 'reload',
      fallback: textFolder('locales'),
      example: '/etc/authd/locales',
    }),
    theme_css: field(path(), {
      text: 'A style sheet that is loaded after the built-in one. Set --accent, --on-accent, --radius and the other custom properties.',
      applies: 'restart',
      example: '/etc/authd/theme.css',
    }),
  }),
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
    max_connections: field(wholeNumber(1, 1_000_000), {
      text: 'Maximum number of open connections. More are refused.',
      applies: 'restart',
      default: 10_000,
    }),
    shutdown_timeout: field(duration('1s', '10m'), {
      text: 'How long requests under way may take when authd stops.',
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
  ...MAIL_SECTIONS,
  signin: section('Sign-in by mail.', {
    ttl: field(duration('1m', '10m'), {
      text: 'How long a link and a code work.',
      applies: 'reload',
      default: '10m',
    }),
    resend_after: field(duration('1s', '10m'), {
      text: 'How long until another mail may be requested.',
      applies: 'reload',
      default: '30s',
    }),
    link_urls: field(listOf(exactUrl(), 'full URLs'), {
      text: "Pages of your applications that the link in a mail may open in place of authd's own.",
      applies: 'reload',
      default: [],
      example: ['https://app.example.com/signed-in'],
    }),
    redirect_urls: field(listOf(redirectUrl(), 'full URLs'), {
      text: 'Where the hosted pages may send users after sign-in and sign-out. An entry that ends in "/*" allows every path below it.',
      applies: 'restart',
      default: [],
      example: ['https://app.example.com/*'],
    }),
  }),
  signup: section('Who may become a user.', {
    policy: field(oneOf('open', 'domains', 'invite', 'closed'), {
      text: 'Who may sign up: everybody ("open"), listed domains ("domains"), invited users ("invite") or nobody ("closed").',
      applies: 'live',
      default: 'open',
    }),
    domains: field(listOf(domainName(), 'domain names'), {
      text: 'The domains of the policy "domains". List subdomains separately.',
      applies: 'live',
      default: [],
      example: ['example.com'],
    }),
  }),
  ...SESSION_SECTIONS,
  ...FACTOR_SECTIONS,
  ...PROTECTION_SECTIONS,
  ...OPERATION_SECTIONS,
  ...WEBHOOK_SECTIONS,
  tokens: section('Access tokens (JWT) for your applications.', {
    access_ttl: field(duration('5m', '15m'), {
      text: 'How long an access token is valid. Applications that check it offline accept it this long, even after its session was revoked.',
      applies: 'reload',
      default: '10m',
    }),
    audience: field(line(255), {
      text: 'The "aud" of the tokens, which your applications must check.',
      applies: 'reload',
      fallback: { text: 'public_url', of: ({ value }) => value('public_url') },
      example: 'https://app.example.com',
    }),
    algorithm: field(oneOf('ES256', 'EdDSA', 'RS256', 'HS256'), {
      text: 'The signature algorithm of the tokens. After a change, the new key signs after tokens.key_lead. With HS256, every application that can check a token can also make one.',
      applies: 'restart',
      default: 'ES256',
    }),
    typ: field(oneOf('at+jwt', 'JWT'), {
      text: 'The "typ" in the header of the tokens. "at+jwt" is that of RFC 9068. Use "JWT" only for verifiers that accept nothing else.',
      applies: 'restart',
      default: 'at+jwt',
    }),
    key_lead: field(duration('1h', '30d'), {
      text: 'How long a new key is published before it signs. Verifiers that read the key set at least this often reject no token during "authd keys rotate".',
      applies: 'reload',
      default: '1d',
    }),
    hs256_secret: field(secretText(32, MAKE_ONE), {
      text: 'The secret shared with your applications, for HS256 only. It must not be the server secret.',
      applies: 'restart',
      secret: true,
      established: 'jwt_secret',
    }),
  }),
}
