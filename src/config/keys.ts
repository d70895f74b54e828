import { FACTOR_SECTIONS } from './factor-keys.ts'
import { field, section } from './field.ts'
import { duration, line, listOf, oneOf, path, secretText, wholeNumber, yesNo } from './kind.ts'
import { MAIL_SECTIONS } from './mail-keys.ts'
import { OPERATION_SECTIONS } from './operation-keys.ts'
import { PROTECTION_SECTIONS } from './protection-keys.ts'
import { presetOf } from './session-preset.ts'
import { textFolder } from './text-folder.ts'
import { cidr, domainName, exactUrl, host, postgresUrl, publicUrl } from './web-kind.ts'
import { WEBHOOK_SECTIONS } from './webhook-keys.ts'

const MAKE_ONE = 'Make one: openssl rand -base64 32'

/** The keys outside any section. */
export const TOP = {
  public_url: field(publicUrl(), {
    text: 'Where people find authd, as their browsers see it. It may carry a path, which the proxy strips. It is also the issuer of the tokens. Plain http is only for localhost.',
    applies: 'restart',
    required: true,
    fallback: {
      text: 'http://localhost:PORT, in development only',
      of: ({ isDev, value }) => (isDev ? `http://localhost:${value('server.port')}` : undefined),
    },
    example: 'https://auth.example.com',
  }),
  data_dir: field(path(), {
    text: 'The folder of the database, the server secret and backups. Only the user that runs authd needs to read it.',
    applies: 'restart',
    fallback: {
      text: '/var/lib/authd, in development ./authd-data',
      of: ({ isDev }) => (isDev ? './authd-data' : '/var/lib/authd'),
    },
    example: '/var/lib/authd',
  }),
  secret: field(secretText(32, MAKE_ONE), {
    text: 'The server secret, which protects what is stored. Normally left out: it lives in secret_file.',
    applies: 'restart',
    secret: true,
  }),
  secret_file: field(path(), {
    text: 'The file of the server secret, at least 32 bytes. It is made at the first start. Keep a copy apart from the database: neither is of use without the other.',
    applies: 'restart',
    fallback: { text: '<data_dir>/secret', of: ({ value }) => `${value('data_dir')}/secret` },
    example: '/var/lib/authd/secret',
  }),
}

/** The sections whose features this version has. */
export const SECTIONS = {
  app: section('What people read on pages and in mails.', {
    name: field(line(80), {
      text: 'The name that people know you by.',
      applies: 'reload',
      default: 'authd',
    }),
    support_url: field(exactUrl(), {
      text: 'Where people find help when they cannot sign in.',
      applies: 'reload',
      example: 'https://example.com/help',
    }),
    notice: field(line(200), {
      text: 'A line above the sign-in, for instance of a maintenance that is coming.',
      applies: 'live',
      example: 'Maintenance tonight from 22:00 to 23:00 UTC.',
    }),
    logo: field(path(), {
      text: 'A picture for the top of the pages, 32 px high: a .svg, .png or .webp file of at most 256 KiB.',
      applies: 'restart',
      example: '/etc/authd/logo.svg',
    }),
    locales_dir: field(path(), {
      text: 'Sentences of your own for pages and mails: en.json and de.json with just those that differ. Read again at every reload.',
      applies: 'reload',
      fallback: textFolder('locales'),
      example: '/etc/authd/locales',
    }),
    theme_css: field(path(), {
      text: 'A style sheet loaded after our own: set --accent, --on-accent, --radius and the other custom properties.',
      applies: 'restart',
      example: '/etc/authd/theme.css',
    }),
  }),
  server: section('Where the daemon listens.', {
    host: field(host(), {
      text: 'The address to listen on. Keep it on this machine when a proxy in front speaks HTTPS.',
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
      text: 'How many connections may be open at once; more are refused.',
      applies: 'restart',
      default: 10_000,
    }),
    shutdown_timeout: field(duration('1s', '10m'), {
      text: 'How long requests in flight may take to finish when authd is stopped.',
      applies: 'restart',
      default: '10s',
    }),
    trusted_proxies: field(listOf(cidr(), 'addresses or ranges'), {
      text: 'Proxies whose X-Forwarded-For is believed. Without them everybody behind a proxy has one address.',
      applies: 'restart',
      default: [],
      example: ['127.0.0.1', '::1'],
    }),
  }),
  database: section('Where everything is kept: one SQLite file, or PostgreSQL.', {
    path: field(path(), {
      text: 'The SQLite file.',
      applies: 'restart',
      fallback: { text: '<data_dir>/authd.db', of: ({ value }) => `${value('data_dir')}/authd.db` },
      example: '/var/lib/authd/authd.db',
      established: 'database_path',
    }),
    url: field(postgresUrl(), {
      text: 'PostgreSQL instead of SQLite: postgres://USER:PASSWORD@HOST/DATABASE. For several instances.',
      applies: 'restart',
      secret: true,
    }),
    auto_migrate: field(yesNo(), {
      text: 'Bring the database up to date at start. With it off, run "authd migrate up" before the new version.',
      applies: 'restart',
      fallback: {
        text: 'true with SQLite, false with PostgreSQL',
        of: ({ value }) => value('database.url') === undefined,
      },
      example: true,
    }),
    pool_size: field(wholeNumber(1, 1000), {
      text: 'Connections to PostgreSQL, at most.',
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
      text: 'How long until another mail may be asked for.',
      applies: 'reload',
      default: '30s',
    }),
    link_urls: field(listOf(exactUrl(), 'whole URLs'), {
      text: "Pages of your applications that the mail's link may open instead of authd's own.",
      applies: 'reload',
      default: [],
      example: ['https://app.example.com/signed-in'],
    }),
    redirect_urls: field(listOf(exactUrl(), 'whole URLs'), {
      text: 'Where the hosted pages may send people once they are signed in.',
      applies: 'restart',
      default: [],
      example: ['https://app.example.com/welcome'],
    }),
  }),
  signup: section('Who may become a user.', {
    policy: field(oneOf('open', 'domains', 'invite', 'closed'), {
      text: 'Everybody, the domains listed below, those an operator has invited, or nobody who is not a user already.',
      applies: 'live',
      default: 'open',
    }),
    domains: field(listOf(domainName(), 'domain names'), {
      text: 'The domains of the policy "domains". Subdomains are listed on their own.',
      applies: 'live',
      default: [],
      example: ['example.com'],
    }),
  }),
  session: section('How long people stay signed in.', {
    preset: field(oneOf('aal1', 'aal2', 'aal3'), {
      text: 'The lifetimes below as NIST SP 800-63B-4 has them for an assurance level: 30d and 14d idle, 24h and 1h, 12h and 15m.',
      applies: 'reload',
      default: 'aal1',
    }),
    idle_ttl: field(duration('5m', '365d'), {
      text: 'A session ends after so long without use.',
      applies: 'reload',
      fallback: { text: 'as session.preset: 14d, 1h or 15m', of: ({ value }) => presetOf(value).idleTtl },
      example: '14d',
    }),
    ttl: field(duration('5m', '365d'), {
      text: 'A session ends after so long, whatever happens.',
      applies: 'reload',
      fallback: { text: 'as session.preset: 30d, 24h or 12h', of: ({ value }) => presetOf(value).ttl },
      example: '30d',
    }),
    max_per_user: field(wholeNumber(0, 1000), {
      text: 'How many live sessions one person may have; 0: as many as they like. One more ends the one that was unused longest.',
      applies: 'reload',
      default: 0,
    }),
    cookie_domain: field(domainName(), {
      text: 'A parent domain of public_url whose other hosts get a second cookie, good for asking who is signed in and for nothing else.',
      applies: 'restart',
      example: 'example.com',
    }),
    refresh_grace: field(duration('0', '10s'), {
      text: 'How long a spent refresh token still answers with the same successor: for lost answers and for two tabs.',
      applies: 'reload',
      default: '10s',
    }),
  }),
  ...FACTOR_SECTIONS,
  ...PROTECTION_SECTIONS,
  ...OPERATION_SECTIONS,
  ...WEBHOOK_SECTIONS,
  tokens: section('Access tokens (JWT) for your applications.', {
    access_ttl: field(duration('5m', '15m'), {
      text: 'How long an access token is valid, also after its session was revoked, where an application checks it offline.',
      applies: 'reload',
      default: '10m',
    }),
    audience: field(line(255), {
      text: 'The "aud" of the tokens: what your applications must check.',
      applies: 'reload',
      fallback: { text: 'public_url', of: ({ value }) => value('public_url') },
      example: 'https://app.example.com',
    }),
    algorithm: field(oneOf('ES256', 'EdDSA', 'RS256', 'HS256'), {
      text: 'The signature of the tokens. HS256 lets whoever can check a token also make one.',
      applies: 'restart',
      default: 'ES256',
    }),
    hs256_secret: field(secretText(32, MAKE_ONE), {
      text: 'The secret shared with your applications, for HS256 alone. Never the server secret.',
      applies: 'restart',
      secret: true,
      established: 'jwt_secret',
    }),
  }),
}
