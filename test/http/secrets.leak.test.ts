import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { deliverNextMail } from '../../src/flows/outbox/mail-sending.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { smtpMailer } from '../../src/mail/smtp-mailer.ts'
import { createLog } from '../../src/platform/log.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd, TEST_SECRET } from '../support/harness.ts'
import { askForCode, askOnPage, signInForTokens, signInOnPage } from '../support/people.ts'
import { startSmtp } from '../support/smtp.ts'

const SMTP_PASSWORD = 'canary-smtp-password-7d1'

function capturedLines(format: 'json' | 'pretty') {
  const stream = new PassThrough()
  const log = createLog({ level: 'debug', format, stream })
  return { log, text: () => String(stream.read() ?? '') }
}

/** The secret part of each token. */
function secretOf(token: string): string {
  return token.split('.').at(-1) ?? ''
}

/** Uses every kind of secret, successfully and not. Returns the texts that must be found nowhere. */
async function useSecrets(authd: Authd): Promise<string[]> {
  const browser = authd.browser()
  const app = authd.browser()
  const { token, code, attempt, link } = await askOnPage(authd, browser)
  await browser.get(`/signin/link?token=${token}`)
  await authd.browser().get(`/signin/link?token=${token}`)
  await browser.get(`/nothing/${token}?code=${code}`)
  await browser.post('/signin/link', { form: { token, attempt } })
  const attemptToken = browser.cookies.get('authd-attempt') ?? ''
  await signInOnPage(authd, browser, 'bob@example.com')
  const cookie = browser.cookies.get('authd') ?? ''
  const device = browser.cookies.get('authd-device') ?? ''
  const { secret: seed, recoveryCodes } = await enrolTotp(authd, browser)
  for (const [kind, typed] of [
    ['totp', totpCode(authd, seed, 1)],
    ['totp', seed],
    ['recovery-code', recoveryCodes[0]],
    ['recovery-code', recoveryCodes[0]],
  ])
    await browser.post(`/v1/stepup/${kind}`, { json: { code: typed } })
  const tokens = await signInForTokens(authd)
  const key = await createApiKey(authd.deps, SYSTEM, { name: 'app', scopes: ['introspect'], expiresAt: null })
  const waiting = await askForCode(authd)
  const all = [
    token,
    attemptToken,
    waiting.attemptToken,
    cookie,
    device,
    tokens.accessToken,
    tokens.refreshToken,
    key.token,
  ]
  for (const secret of all) {
    await app.get('/v1/session', { bearer: secret })
    await app.get('/v1/session', { headers: { Authorization: secret, 'User-Agent': secret.slice(0, 200) } })
    await app.get('/v1/session', { headers: { Cookie: `authd=${secret}` } })
    await app.send('DELETE', `/v1/me/sessions/${encodeURIComponent(secret)}`, { bearer: tokens.accessToken })
    await app.post('/v1/token/refresh', { json: { refresh_token: secret.slice(0, 500) } })
    await app.post('/v1/token/introspect', { form: { token: secret }, bearer: key.token })
    await app.post('/v1/signin/link', { json: { token: secret.slice(0, 200), attempt_token: secret.slice(0, 200) } })
    await app.post('/v1/signin/code', { json: { code: secret.slice(0, 64) } })
    await app.post('/v1/signin', { json: { email: secret.slice(0, 300), [secret.slice(0, 100)]: 1 } })
  }
  await breakWith(authd, `${link} ${cookie} ${tokens.accessToken} ${tokens.refreshToken}`)
  return [
    ...all.filter((text) => text !== '').map(secretOf),
    code,
    waiting.code,
    seed,
    ...recoveryCodes,
    SMTP_PASSWORD,
    TEST_SECRET,
  ]
}

/** A bug whose message quotes secrets. */
async function breakWith(authd: Authd, message: string): Promise<void> {
  const { mac } = authd.deps.keys
  authd.deps.keys.mac = () => {
    throw new Error(message, { cause: new Error(message) })
  }
  await authd.browser().post('/v1/signin', { json: { email: 'eve@example.com' } })
  authd.deps.keys.mac = mac
}

/** The mail server has another password, so its rejection is logged. */
async function failLogin(authd: Authd): Promise<void> {
  const { port } = await startSmtp({ auth: { user: 'authd', pass: 'another' } })
  const smtp = { host: '127.0.0.1', port, tls: 'none', timeout: 60_000, maxConnections: 1 } as const
  const mailer = authd.deps.mailer
  authd.deps.mailer = smtpMailer({
    smtp: { ...smtp, username: 'authd', password: SMTP_PASSWORD },
    from: 'Example <no-reply@example.com>',
    app: () => ({ name: 'Example', supportUrl: undefined }),
    texts: authd.deps.texts,
  })
  await authd.browser().post('/v1/signin', { json: { email: 'carol@example.com' } })
  await deliverNextMail(authd.deps)
  await authd.deps.mailer.close()
  authd.deps.mailer = mailer
}

/** The bytes of the SQLite file and of its log. */
async function databaseBytes(authd: Authd): Promise<string> {
  const files = await authd.deps.db.read((sql) => sql.all<{ file: string }>('PRAGMA database_list'))
  const path = files[0]?.file ?? ''
  return readFileSync(path, 'latin1') + readFileSync(`${path}-wal`, 'latin1')
}

describe.each(['json', 'pretty'] as const)('%s logs', (format) => {
  test('contain no link, code, token, cookie, key, seed or password, whatever was sent or failed', async () => {
    const { log, text } = capturedLines(format)
    const authd = await startAuthd({ log })

    const secrets = await useSecrets(authd)
    await failLogin(authd)
    const logged = text()

    expect(secrets.filter((secret) => logged.includes(secret))).toEqual([])
    expect(logged).toContain('request failed')
    expect(logged).toContain('the mail server cannot be used')
    expect(logged.split('\n').length).toBeGreaterThan(50)
    expect(logged).not.toMatch(/(ada|bob|eve|carol)@/)
  })
})

test('the database file and its log hold every secret only as a digest, a MAC or sealed', async () => {
  const authd = await startAuthd()

  const secrets = await useSecrets(authd)
  const bytes = await databaseBytes(authd)

  expect(bytes).toContain('ada@example.com')
  expect(secrets.filter((secret) => bytes.includes(secret))).toEqual([])
})

test('the response of a relay that quotes a rejected mail is kept without its link and code', async () => {
  const authd = await startAuthd()
  const secrets: string[] = []
  authd.deps.mailer.send = async ({ values }) => {
    secrets.push(secretOf(values['link'] ?? ''), values['code'] ?? '')
    throw new MailError(`554 blocked: "${values['link']}" and ${values['code']}`, { isPermanent: true })
  }

  await authd.browser().post('/signin', { form: { email: 'ada@example.com' } })
  await deliverNextMail(authd.deps)
  const bytes = await databaseBytes(authd)

  expect(bytes).toContain('554 blocked')
  expect(secrets.filter((secret) => bytes.includes(secret))).toEqual([])
})
