import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, type Shell, shell } from '../support/cli.ts'
import { startDns } from '../support/dns.ts'
import { CERTIFICATE, startSmtp } from '../support/smtp.ts'

interface Line {
  check: string
  status: string
  detail: string
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A reverse proxy with TLS, which treats headers as it is told. */
async function startProxy({
  target,
  send = (headers) => headers,
  answer = (headers) => headers,
  path = (url) => url,
}: {
  target: () => number
  send?: (headers: Record<string, string>) => Record<string, string>
  answer?: (headers: Record<string, unknown>) => Record<string, unknown>
  path?: (url: string) => string
}): Promise<number> {
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const headers = { ...(incoming.headers as Record<string, string>) }
    const to = { port: target(), host: '127.0.0.1', path: path(incoming.url ?? '/') }
    const call = request({ ...to, method: incoming.method, headers: send(headers) }, (answered) => {
      outgoing.writeHead(answered.statusCode ?? 502, answer(answered.headers) as never)
      answered.pipe(outgoing)
    })
    call.on('error', () => outgoing.writeHead(502).end())
    incoming.pipe(call)
  }
  const pem = readFileSync(CERTIFICATE)
  return await listening(createTlsServer({ key: pem, cert: pem }, pass))
}

const appended = (headers: Record<string, string>) => ({
  ...headers,
  'x-forwarded-for': [headers['x-forwarded-for'], '198.51.100.7'].filter(Boolean).join(', '),
})

/** A daemon behind a proxy. */
async function behind(
  proxy: Omit<Parameters<typeof startProxy>[0], 'target'>,
  { trusted = '["127.0.0.1"]', prefix = '', more = '' } = {},
): Promise<Shell> {
  const place = await shell()
  const port = await freePort()
  const proxyPort = await startProxy({ ...proxy, target: () => port })
  const lines = [
    `public_url = "https://localhost:${proxyPort}${prefix}"`,
    'data_dir = "authd-data"',
    `[server]\nport = ${port}\ntrusted_proxies = ${trusted}`,
    `[smtp]\nhost = "127.0.0.1"\nport = 9\ntls = "none"`,
    '[mail]\nfrom = "no-reply@example.com"',
    more,
  ]
  await writeFile(join(place.folder, 'authd.toml'), lines.join('\n'), { mode: 0o600 })
  await place.run(['migrate', '-c', 'authd.toml'])
  await place.serve(['-c', 'authd.toml'])
  return place
}

async function proxyLines(place: Shell, env: Record<string, string> = { NODE_EXTRA_CA_CERTS: CERTIFICATE }) {
  const { stdout } = await place.spawn(['doctor', '--json', '--only', 'proxy', '-c', 'authd.toml'], { env })
  const { checks } = JSON.parse(stdout) as { checks: Line[] }
  return Object.fromEntries(checks.map(({ check, status, detail }) => [check, [status, detail]]))
}

test('a proxy that does everything right has only good lines, also with a path', async () => {
  const place = await behind({ send: appended, path: (url) => url.replace(/^\/auth/, '') }, { prefix: '/auth' })

  const lines = await proxyLines(place)

  expect(lines).toMatchObject({
    'public address': ['ok', expect.stringMatching(/\/auth\/health$/)],
    certificate: ['ok', expect.stringMatching(/^valid for \d+ more days/)],
    headers: ['ok', expect.stringContaining('come through intact')],
    'client address': ['ok', 'seen as 198.51.100.7, through 127.0.0.1; a forged one is ignored'],
  })
})

test.each([
  ['that is not trusted', { send: appended }, { trusted: '[]' }, 'which is not in server.trusted_proxies'],
  ['that names no client', {}, {}, 'does not pass the address of the client'],
  [
    'that believes its clients',
    { send: (headers: Record<string, string>) => ({ 'x-forwarded-for': '198.51.100.7', ...headers }) },
    {},
    'clients can choose their address',
  ],
])('a proxy %s is named', async (_, proxy, options, expected) => {
  const place = await behind(proxy, options)

  const lines = await proxyLines(place)

  expect(lines['client address']).toEqual(['wrong', expect.stringContaining(expected)])
})

test('a proxy that removes or doubles a security header is named', async () => {
  const answer = ({ 'x-frame-options': _, ...headers }: Record<string, unknown>) => ({
    ...headers,
    'referrer-policy': ['same-origin', 'no-referrer'],
  })
  const place = await behind({ send: appended, answer })

  const lines = await proxyLines(place)

  expect(lines['headers']).toEqual(['wrong', expect.stringContaining('referrer-policy')])
  expect(lines['headers']?.[1]).toContain('x-frame-options')
})

test('a certificate that is not trusted, a lost path and another program at the address are named', async () => {
  const place = await behind({ send: appended })
  const lost = await behind({ send: appended, path: () => '/nothing-here' })
  const elsewhere = createServer((_, response) => response.end('{"status":"healthy"}'))
  const port = await listening(elsewhere)
  const other = await behind({ path: (url) => url, send: (headers) => headers })
  const config = join(other.folder, 'authd.toml')
  await writeFile(config, readFileSync(config, 'utf8').replace(/https:\/\/localhost:\d+/, `http://localhost:${port}`))

  const untrusted = await proxyLines(place, {})
  const trustedBySystem = await proxyLines(place, { SSL_CERT_FILE: CERTIFICATE })
  const missing = await proxyLines(lost)
  const foreign = await proxyLines(other)

  expect(untrusted['public address']).toEqual(['wrong', expect.stringContaining('Add the CA to its certificates')])
  expect(untrusted['public address']?.[1]).not.toContain('Node')
  expect(trustedBySystem['public address']?.[0]).toBe('ok')
  expect(missing['public address']).toEqual(['wrong', expect.stringContaining('HTTP 404')])
  expect(foreign['public address']).toEqual(['wrong', expect.stringContaining('another program than this authd')])
})

test('SECURITY: only a question with the server secret and of this minute learns how the daemon sees a request', async () => {
  const place = await shell()
  const { url } = await place.serve(['--dev'])
  const ask = async (question: string) =>
    (await fetch(`${url}/health`, { headers: { 'Authd-Doctor': question } })).headers.get('Authd-Seen')

  const answers = [await ask('1'), await ask(`${Date.now()}.${'a'.repeat(43)}`), await ask('x'.repeat(5000))]

  expect(answers).toEqual([null, null, null])
})

async function mailLines(smtp: string, ...flags: string[]) {
  const place = await shell()
  const lines = ['public_url = "http://localhost:3000"', 'data_dir = "authd-data"', '[mail]', smtp]
  await writeFile(join(place.folder, 'authd.toml'), lines.join('\n'), { mode: 0o600 })
  await place.run(['migrate', '-c', 'authd.toml'])
  const only = ['--only', 'mail,dns', '-c', 'authd.toml']
  const { stdout } = await place.run(['doctor', '--json', ...only, ...flags])
  const { checks } = JSON.parse(stdout) as { checks: Line[] }
  return Object.fromEntries(checks.map(({ check, status, detail }) => [check, [status, detail]]))
}

const FROM = 'from = "no-reply@mail.example.com"\n[smtp]\nhost = "127.0.0.1"\n'

test('the mail server is asked up to the sign-in, and gets no mail', async () => {
  const smtp = await startSmtp({ tls: 'starttls', auth: { user: 'authd', pass: 'right' } })
  const settings = `${FROM}port = ${smtp.port}\nusername = "authd"\nca_file = "${CERTIFICATE}"\n`
  const local = settings.replace('host = "127.0.0.1"', 'host = "localhost"')
  const dns = await startDns({})

  const good = await mailLines(`${local}password = "right"`, '--dns-server', dns)
  const bad = await mailLines(`${local}password = "wrong"`, '--dns-server', dns)
  const away = await mailLines(`${FROM}port = ${await freePort()}\ntls = "none"`, '--dns-server', dns)

  expect(good['mail server']).toEqual(['ok', expect.stringMatching(/TLSv1\.\d by starttls.*signed in as authd$/)])
  expect(bad['mail server']).toEqual(['wrong', expect.stringContaining('auth failed')])
  expect(away['mail server']).toEqual(['wrong', expect.stringContaining('connect failed')])
  expect(smtp.mails).toEqual([])
})

test('the records of the sender are checked, with the selector of a mail server that signs', async () => {
  const dns = await startDns({
    'mx:mail.example.com': ['mx1.example.com'],
    'mail.example.com': ['v=spf1 mx -all'],
    's1._domainkey.mail.example.com': ['v=DKIM1; p=abc'],
    '_dmarc.example.com': ['v=DMARC1; p=reject'],
  })
  const settings = `${FROM}port = ${await freePort()}\ntls = "none"`

  const good = await mailLines(settings, '--dns-server', dns, '--dkim-selector', 's1')
  const bare = await mailLines(settings, '--dns-server', await startDns({}), '--dkim-selector', 's2')

  expect(good).toMatchObject({
    mx: ['ok', 'mail.example.com takes mail at mx1.example.com'],
    spf: ['ok', expect.any(String)],
    dkim: ['ok', 's1._domainkey.mail.example.com has a key'],
    dmarc: ['ok', 'v=DMARC1; p=reject'],
  })
  expect(['mx', 'spf', 'dkim', 'dmarc'].map((check) => bare[check]?.[0])).toEqual(['warn', 'warn', 'warn', 'warn'])
})
