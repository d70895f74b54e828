import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'
import { type SmtpOptions, startSmtp } from '../support/smtp.ts'

/** A folder whose configuration names this mail server. */
async function withRelay(
  options: SmtpOptions = {},
  more = '',
): Promise<Shell & { server: Awaited<ReturnType<typeof startSmtp>> }> {
  const server = await startSmtp(options)
  const here = await shell()
  const text = `public_url = "https://auth.example.com"
data_dir = "authd-data"
mail.from = "Example <no-reply@example.com>"
smtp = { host = "localhost", port = ${server.port}, tls = "none", timeout = "60s" }
${more}`
  await writeFile(join(here.folder, 'config.toml'), text, { mode: 0o600 })
  await here.run(['migrate', 'up'])
  return { ...here, server }
}

test('email test reports each step and exits with 0 whatever the DNS records are', async () => {
  const { run, server } = await withRelay()

  const { code, stdout } = await run(['email', 'test', 'Anna@Example.com', '--template', 'invitation', '--transcript'])

  expect(code).toBe(0)
  expect(stdout).toMatch(/^C: RCPT TO:<anna@example\.com>$/m)
  expect(stdout).toMatch(/^accepted {2}ok {4}250 /m)
  expect(stdout).toMatch(/^spf {7}(\?|warn|ok) /m)
  expect(server.mails[0]?.parsed.subject).toBe('Your invitation to authd')
})

test.for([
  [{ refuseRecipient: { responseCode: 550, message: 'no' } }, 1],
  [{ refuseMail: { responseCode: 451, message: 'later' } }, 75],
  [{ auth: { user: 'authd', pass: 'right' } }, 77],
] as const)('email test stops at the failing step: %j → %i', async ([options, exit]) => {
  const { run } = await withRelay(options)
  const env = 'auth' in options ? { AUTHD_SMTP_USERNAME: 'authd', AUTHD_SMTP_PASSWORD: 'k3Vq0z8J' } : {}

  const { code, stdout } = await run(['email', 'test', 'anna@example.com', '--json'], { env })

  expect(code).toBe(exit)
  expect(JSON.parse(stdout)).toMatchObject({ accepted: false, message_id: null, exit_code: exit, alignment: [] })
})

test('email test --queue leaves sending to the daemon', async () => {
  const { run, server } = await withRelay()

  const { code, stdout } = await run(['email', 'test', 'anna@example.com', '--queue', '--json'])
  const queue = await run(['email', 'queue', '--json'])

  expect(code).toBe(0)
  expect(server.mails).toEqual([])
  expect(JSON.parse(queue.stdout).data).toMatchObject([{ id: JSON.parse(stdout).message_id, state: 'pending' }])
})

test('email preview prints the text, and writes a mail only into a new file', async () => {
  const { run, folder } = await withRelay()

  const shown = await run(['email', 'preview', 'signin', '--lang', 'de'])
  const written = await run(['email', 'preview', 'signin', '--format', 'raw', '-o', join(folder, 'mail.eml')])
  const again = await run(['email', 'preview', 'signin', '-o', join(folder, 'mail.eml')])
  const unknown = await run(['email', 'preview', 'invitaton'])

  expect(shown.stdout).toMatch(/^Subject: 482913 ist Ihr Anmeldecode/)
  expect([written.code, again.code, unknown.code]).toEqual([0, 73, 64])
  expect(unknown.stderr).toContain('authd email preview invitation')
})

test('templates eject copies once, and check exits with 65 and names file and line', async () => {
  const { run, folder } = await withRelay({}, 'mail.templates_dir = "own"\n')
  const file = join(folder, 'own/invitation.txt')

  const missing = await run(['templates', 'check'])
  const first = await run(['templates', 'eject', 'invitation'])
  const second = await run(['templates', 'eject', 'invitation', 'signin'])
  const good = await run(['templates', 'check'])
  await writeFile(file, 'Hello\n{{lnk}}\n')
  const bad = await run(['templates', 'check', '--json'])
  const preview = await run(['email', 'preview', 'invitation'])

  expect(missing.stderr).toContain('does not exist')
  expect(first.stdout.trim().split('\n')).toEqual([join(folder, 'own/invitation.mjml'), file])
  expect([missing, first, second, good, bad, preview].map(({ code }) => code)).toEqual([65, 0, 73, 0, 65, 65])
  expect(JSON.parse(bad.stdout).problems).toMatchObject([{ path: file, line: 2, suggestion: 'Did you mean {{link}}?' }])
})

test('suppressions are listed and cleared', async () => {
  const { run } = await withRelay()

  const list = await run(['suppressions', 'list', '--json'])
  const clear = await run(['suppressions', 'clear', 'anna@example.com'])

  expect(JSON.parse(list.stdout)).toEqual({ data: [], next_cursor: null, total: 0 })
  expect(clear).toMatchObject({ code: 0, stdout: 'Nothing was counted against anna@example.com\n' })
})

test('sentences are listed by key, and overrides are marked', async () => {
  const { run, folder } = await withRelay({}, 'app.locales_dir = "own"\n')
  await mkdir(join(folder, 'own'))
  await writeFile(join(folder, 'own/de.json'), '{"mail.signin.subject": "{code} für {app}"}')

  const { stdout } = await run(['templates', 'sentences', 'mail.signin.su', '--lang', 'de', '--json'])

  expect(JSON.parse(stdout).data).toEqual([{ key: 'mail.signin.subject', sentence: '{code} für {app}', is_own: true }])
})
