/** One thing that is wrong, and what the reader must be told: where, which key, what is wrong and what to write. */
export interface BadConfig {
  text: string
  line: number | undefined
  column?: number
  key: string
  says: string
  advises: string
}

const bad = (text: string, place: string, key: string, says: string, advises: string): BadConfig => {
  const [line, column] = place.split(':').map(Number)
  return { text, line: line || undefined, key, says, advises, ...(column && { column }) }
}

const LONG = 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F'

/** Each stands below the three keys that every configuration needs, so that its first line is line 4. */
export const BAD_CONFIGS: BadConfig[] = [
  // How it is written
  bad('server.port = 3000\nserver.port = 3001', '5:1', 'server.port', 'redefine', 'Keep one'),
  bad('[server]\nport = 1\n[log]\n[server]\nhost = "a"', '7', 'server', 'redefine', 'Keep one'),
  bad('[log]\nlevel = debug', '5:9', 'log.level', 'invalid value', 'Put text in quotes'),
  bad('[app]\nname = "Example', '5', 'app.name', 'unfinished string', 'Close the quotes'),
  bad('[app]\nname = "a" support_url = "b"', '5', 'app.name', 'end-of-line', 'on a new line'),
  bad('[app]\nname = "C:\\q"', '5', 'app.name', 'escape', 'single quotes'),
  bad('[app\nname = "a"', '4', 'app', 'illegal character in key', 'Write key = value'),
  bad('[signup]\ndomains = ["a.example" "b.example"]', '5', 'signup.domains', 'expected comma', 'Separate with commas'),
  bad('[app]\nname = "A\\u202eb"', '5:8', 'app.name', 'contains U+202E', 'Remove it'),
  // Unknown keys
  bad('[stmp]\nport = 25', '4:1', 'stmp', 'unknown key "stmp" at the top level', 'Did you mean "smtp"?'),
  bad('[server]\nprot = 3000', '5:1', 'server.prot', 'unknown key "prot" in [server]', 'Did you mean "port"?'),
  bad('smtp.pasword = "hunter2"', '4:1', 'smtp.pasword', 'unknown key', 'Did you mean "password"?'),
  bad('smtp.user = "a"', '4:1', 'smtp.user', 'unknown key', 'Did you mean "username"?'),
  bad('[log]\nport = 3000', '5:1', 'log.port', 'unknown key', 'Write port below [server]'),
  bad('[app]\npublic_url = "https://a.example"', '5:1', 'app.public_url', 'unknown key', 'at the top'),
  bad('[log]\ncolour = true', '5:1', 'log.colour', 'unknown key', 'Its keys are level, format'),
  bad(
    'port = 3000',
    '4:1',
    'port',
    'unknown key "port" at the top level',
    'Did you mean "server.port" or "smtp.port"?',
  ),
  bad('something_else = 1', '4:1', 'something_else', 'unknown key', 'authd config reference'),
  bad('server = 3000', '4:1', 'server', 'is a section, not a value', 'Write [server]'),
  bad('server = { port = 3000, hots = "a" }', '4:25', 'server.hots', 'unknown key', 'Did you mean "host"?'),
  // Types and ranges
  bad('[server]\nport = 84200', '5:8', 'server.port', 'expected 1..65535, got 84200', ''),
  bad('[server]\nport = 0', '5:8', 'server.port', 'expected 1..65535, got 0', ''),
  bad('[server]\nport = "3000"', '5:8', 'server.port', 'got "3000"', 'Remove the quotes: port = 3000'),
  bad('[server]\nport = 30.5', '5:8', 'server.port', 'got 30.5', ''),
  bad('[database]\nauto_migrate = "yes"', '5:16', 'database.auto_migrate', 'expected true or false', 'without quotes'),
  bad('[signin]\nttl = 600', '5:7', 'signin.ttl', 'got 600', 'ttl = "10m" is 600 seconds'),
  bad('[signin]\nttl = "61m"', '5:7', 'signin.ttl', 'expected a duration from 1m to 1h', ''),
  bad('[signin]\nttl = "10 minutes"', '5:7', 'signin.ttl', 'got "10 minutes"', 'ttl = "90s"'),
  bad('[tokens]\naccess_ttl = "1h"', '5:14', 'tokens.access_ttl', 'from 5m to 15m', ''),
  bad('[session]\nrefresh_grace = "11s"', '5', 'session.refresh_grace', 'from 0 to 10s', ''),
  bad('[log]\nlevel = "wran"', '5:9', 'log.level', 'got "wran"', 'Did you mean "warn"?'),
  bad('[app]\naccent = "402090"', '5:10', 'app.accent', 'got "402090"', 'Write "#402090"'),
  bad('[app]\naccent = "green"', '5:10', 'app.accent', 'six hexadecimal digits', ''),
  bad('[app]\nname = 5', '5:8', 'app.name', 'got 5', 'Put it in quotes: name = "5"'),
  bad('[app]\nname = ""', '5:8', 'app.name', 'one line of 1 to 80 characters', ''),
  bad('[signup]\ndomains = "a.example"', '5:11', 'signup.domains', 'a list of domain names', 'domains = ["a.example"]'),
  bad('[log]\nlevel = 2026-01-01', '5:9', 'log.level', 'got a date', ''),
  // Addresses
  bad('[server]\nhost = "127.0.0.1:3000"', '5:8', 'server.host', 'a host name or address', 'and port = 3000'),
  bad('smtp.ca_file = ""', '4:16', 'smtp.ca_file', 'expected a path', ''),
  bad('[server]\ntrusted_proxies = ["10.0.0.0/40"]', '5', 'server.trusted_proxies', '10.0.0.0/40', '"10.0.0.0/32"'),
  bad(
    '[server]\ntrusted_proxies = [\n  "0.0.0.0/0",\n]',
    '5:19',
    'server.trusted_proxies',
    'trust everybody',
    'your own',
  ),
  bad('[signup]\ndomains = ["@Example.com"]', '5', 'signup.domains', '"@Example.com"', 'Write "example.com"'),
  bad('[signin]\nlink_urls = ["https://*.example.com/"]', '5', 'signin.link_urls', 'wildcard', 'every URL in full'),
  bad(
    '[signin]\nredirect_urls = ["http://app.example"]',
    '5',
    'signin.redirect_urls',
    'only for localhost',
    '"https://app.ex',
  ),
  bad('[signin]\nlink_urls = ["https://app.example.com/*"]', '5', 'signin.link_urls', 'wildcard', 'every URL in full'),
  bad('[signin]\nredirect_urls = ["https://*.example.com/*"]', '5', 'signin.redirect_urls', 'wildcard', 'every URL'),
  bad('[signin]\nredirect_urls = ["https://app.example.com*"]', '5', 'signin.redirect_urls', 'wildcard', 'every URL'),
  bad('[signin]\nredirect_urls = ["https://*"]', '5', 'signin.redirect_urls', '"https://*"', 'full URL'),
  bad(
    '[signin]\nredirect_urls = ["https://APP.example.com:443/a/../*"]',
    '5',
    'signin.redirect_urls',
    'APP.example.com',
    'Write "https://app.example.com/*"',
  ),
  bad('[signin]\nredirect_urls = ["https://a@app.example.com/*"]', '5', 'signin.redirect_urls', 'user name', ''),
  ...(
    [
      ['https://app.example.com/?x=/*', 'a query', 'Write "https://app.example.com/*"'],
      ['https://app.example.com/shop#/*', 'a fragment', 'Write "https://app.example.com/shop/*"'],
      ['https://app.example.com//*', 'matches no address', 'Write "https://app.example.com/*"'],
      ['https://app.example.com/a//b/*', 'matches no address', 'Write "https://app.example.com/a/b/*"'],
      ['https://app.example.com/a%2Fb/*', 'matches no address', 'Write "https://app.example.com/a/b/*"'],
      ['https://app.example.com/..%3b/a/*', 'matches no address', 'plain text'],
      ['https://app.example.com/..;/a/*', 'matches no address', 'plain text'],
      ['https://app.example.com/%252e%252e/*', 'matches no address', 'Write "https://app.example.com/*"'],
      ['https://app.example.com/%u002e/*', 'matches no address', 'plain text'],
      ['https://app.example.com/.../*', 'matches no address', 'plain text'],
      ['https://app.example.com/%f0%80%80%ae/*', 'matches no address', 'plain text'],
      ['https://app.example.com/%e2%80%ae/*', 'matches no address', 'plain text'],
      ['https://app.example.com/a/./b/%2e%2e/*', 'a/./b', 'Write "https://app.example.com/a/*"'],
      ['https://app.example.com/a b/*', 'a b', 'Write "https://app.example.com/a%20b/*"'],
    ] as const
  ).map(([url, says, advises]) =>
    bad(`[signin]\nredirect_urls = ["${url}"]`, '5', 'signin.redirect_urls', says, advises),
  ),
  bad('[signin]\nredirect_urls = ["http://app.example.com/*"]', '5', 'signin.redirect_urls', 'only for localhost', ''),
  bad('[tokens]\nkey_lead = "59m"', '5', 'tokens.key_lead', '1h', ''),
  bad('[tokens]\ntyp = "jwt"', '5', 'tokens.typ', 'at+jwt', ''),
  bad('[signin]\nredirect_urls = ["javascript:alert(1)"]', '5', 'signin.redirect_urls', 'javascript', 'with https://'),
  bad('[database]\nurl = "mysql://a@b/c"', '5:7', 'database.url', 'is not a PostgreSQL URL', 'Write "postgres://'),
  bad('[database]\nurl = "postgres://a@b/c?sslmode=on"', '5:7', 'database.url', 'has sslmode=on', 'verify-full'),
  // Secrets
  bad(
    'smtp.username = "a"\nsmtp.password = "changeme"',
    '5:17',
    'smtp.password',
    'is a sample value',
    'password of the mail server account',
  ),
  bad('jwt_secret = "your-secret-key"', '4:14', 'tokens.hs256_secret', 'sample value', 'openssl rand'),
  bad('[webhooks]\nsecret = "your-webhook-secret"', '5:10', 'webhooks.secret', 'sample value', 'openssl rand'),
  bad(`secret = "${'a'.repeat(40)}"`, '4:10', 'secret', 'sample value', 'openssl rand'),
  bad('secret = "k3Vq0z8Jm2Xr7Lw5"', '4:10', 'secret', 'is 16 bytes long, but needs at least 32', 'openssl rand'),
  bad('smtp.password_file = "none"', '4:22', 'smtp.password', 'does not exist', 'Create it'),
  bad('[database]\nurl = "postgres://a:password@b/c"', '5:7', 'database.url', 'sample password', 'its own'),
  // Contradictions
  bad('smtp.tls = "none"', '4:12', 'smtp.tls', 'without encryption to smtp.example.com', 'tls = "starttls"'),
  bad('smtp.username = "a"', '4:17', 'smtp.username', 'smtp.password is not', 'password_file = '),
  bad('smtp.password = "k3Vq0z8J"', '4:17', 'smtp.password', 'smtp.username is not', 'Write username'),
  bad('[database]\npath = "a.db"\nurl = "postgres://a@b/c"', '6:7', 'database.url', 'both set', 'Keep one'),
  bad('[signin]\nttl = "1m"\nresend_after = "1m"', '6:16', 'signin.resend_after', 'has expired', 'shorter'),
  bad('[signup]\npolicy = "domains"', '', 'signup.domains', 'is empty', 'domains = ["example.com"]'),
  bad('[session]\nttl = "1d"', '', 'session.idle_ttl', 'longer than session.ttl', 'at most as long'),
  bad('[tokens]\nalgorithm = "HS256"', '', 'tokens.hs256_secret', 'is missing', 'hs256_secret_file'),
  bad(
    `secret = "${LONG}"\njwt_secret = "${LONG}"`,
    '5:14',
    'tokens.hs256_secret',
    'is the server secret',
    'another one',
  ),
  bad('[webauthn]\nrp_id = "example.org"', '5:9', 'webauthn.rp_id', 'parent domain', 'rp_id = "auth.example.com"'),
  bad('[webauthn]\nrp_id = "uth.example.com"', '5:9', 'webauthn.rp_id', 'parent domain', 'rp_id ='),
  bad(
    '[webauthn]\norigins = ["https://a.example.org"]',
    '5:11',
    'webauthn.origins',
    'a.example.org',
    'change webauthn.origins',
  ),
  bad(
    '[cors]\nallow_all = true\nallowed_origins = ["https://a.example"]',
    '5:13',
    'cors.allow_all',
    'not empty',
    'Keep one',
  ),
  bad(
    'server_port = 1\n[server]\nport = 2',
    '4:15',
    'server.port',
    'server.port and server_port have different',
    'Keep one',
  ),
]

/** The same for public_url, which is one of the needed keys itself. */
export const BAD_PUBLIC_URLS: [url: string, says: string, advises: string][] = [
  ['https://auth.example.com/', 'must not end with a slash', 'Write "https://auth.example.com"'],
  ['https://auth.example.com/auth/', 'must not end with a slash', 'Write "https://auth.example.com/auth"'],
  ['auth.example.com', 'got "auth.example.com"', 'Write "https://auth.example.com"'],
  ['http://auth.example.com', 'only for localhost', 'Write "https://auth.example.com"'],
  ['https://auth.example.com?x=1', 'a query', 'Write "https://auth.example.com"'],
  ['https://auth.example.com#x', 'a fragment', 'Write "https://auth.example.com"'],
  ['https://a:b@auth.example.com', 'a user name or password', ''],
  ['https://Auth.Example.com', 'got "https://Auth.Example.com"', 'Write "https://auth.example.com"'],
  ['https://auth.example.com:443', 'got', 'Write "https://auth.example.com"'],
  ['ftp://auth.example.com', 'must start with https://', ''],
]
