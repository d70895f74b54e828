import { expect, test } from 'vitest'
import { AuthdError } from '../../src/errors.ts'
import { folder, NEEDED } from '../support/config-folder.ts'
import { BAD_CONFIGS, BAD_PUBLIC_URLS } from './bad-configs.ts'

test.for(BAD_CONFIGS)('is rejected with its line, its key and a suggestion: $text', (bad, { expect }) => {
  const here = folder()
  const path = here.write('config.toml', `${NEEDED}${bad.text}\n`)

  const { problems } = here.inspect()

  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatchObject({ path, key: bad.key, message: expect.stringContaining(bad.says) })
  expect(problems[0]?.line).toBe(bad.line)
  expect(problems[0]?.column).toBe(bad.column ?? problems[0]?.column)
  expect(problems[0]?.suggestion ?? '').toContain(bad.advises)
})

test.for(BAD_PUBLIC_URLS)('public_url %s is rejected: %s', ([url, says, advises], { expect }) => {
  const here = folder()
  here.write('config.toml', NEEDED.replace('https://auth.example.com', url))

  const { problems } = here.inspect()

  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatchObject({ line: 1, column: 14, key: 'public_url', message: expect.stringContaining(says) })
  expect(problems[0]?.suggestion ?? '').toContain(advises)
})

test('all problems are reported at once, in the order of the file, with exit code 78', () => {
  const here = folder()
  const path = here.write('config.toml', '[stmp]\nx = 1\n\n[server]\nport = 84200\n')

  const error = thrownBy(() => here.load())

  expect(error).toMatchObject({ code: 'CONFIG_INVALID', exit: 78 })
  expect(error.message).toBe(`The configuration is invalid.
public_url is missing. Write public_url = "https://auth.example.com".
${path}:1:1  unknown key "stmp" at the top level. Did you mean "smtp"?
  1 | [stmp]
      ^
${path}:5:8  server.port: expected 1..65535, got 84200
  5 | port = 84200
             ^
${path}  smtp.host is missing: without a mail server nobody can sign in. Write host = "smtp.example.com" below [smtp].`)
})

test('a missing --config file exits with 78 and its name', () => {
  const here = folder()

  const error = thrownBy(() => here.load({ configPath: 'missing.toml' }))

  expect(error).toMatchObject({ exit: 78, message: expect.stringContaining(`${here.path}/missing.toml`) })
})

test('an unreadable configuration exits with 77', () => {
  const here = folder()
  here.write('config.toml/inside', '')

  const error = thrownBy(() => here.load({ configPath: 'config.toml' }))

  expect(error).toMatchObject({ code: 'CONFIG_UNREADABLE', exit: 77 })
})

test('without a configuration the error lists the searched places and how to create one', () => {
  const here = folder()

  const error = thrownBy(() => here.load())

  expect(error.message).toContain(`${here.path}/etc/config.toml, ${here.path}/config.toml`)
  expect(error.suggestions).toContain('authd init')
})

test('no message shows a secret, whether it is invalid, misspelt or next to an error', () => {
  const here = folder()
  const secret = 'hunter2-hunter3'
  const text = `pasword = "${secret}"\nsecret = "${secret}"\nsmtp = { password = "${secret}", port = 0 }`
  here.write('config.toml', text)
  here.write('broken.toml', `[smtp]\npassword = ${secret}`)
  here.write('inside.toml', `app.name = """\n${secret}\\q"""`)

  const messages = ['config.toml', 'broken.toml', 'inside.toml'].map(
    (configPath) => thrownBy(() => here.load({ configPath, env: { AUTHD_SECRET: secret } })).message,
  )

  expect(messages.join('\n')).not.toContain(secret)
  expect(messages[1]).toContain('smtp.password: not valid TOML')
})

test.each([
  ['AUTHD_SERVR_PORT', 'Did you mean AUTHD_SERVER_PORT?'],
  ['AUTHD_SIGNUP_POLCY', 'Did you mean AUTHD_SIGNUP_POLICY?'],
  ['AUTHD_SMTP_PASSWROD_FILE', 'Did you mean AUTHD_SMTP_PASSWORD_FILE?'],
  ['AUTHD_NOTHING_LIKE_IT', 'Unset it; "authd config env" lists all variables'],
])('the unknown variable %s is rejected', (name, suggestion) => {
  const here = folder()
  here.write('config.toml', NEEDED)

  const { problems } = here.inspect({ env: { [name]: 'x' } })

  expect(problems).toEqual([{ key: name, message: `unknown variable ${name}`, suggestion }])
})

test('an invalid variable is named as it was written', () => {
  const here = folder()
  here.write('config.toml', NEEDED)

  const { problems } = here.inspect({ env: { LOG_LEVEL: 'loud', AUTHD_SERVER_PORT: 'x' } })

  expect(problems.map(({ message }) => message)).toEqual([
    'AUTHD_SERVER_PORT: expected 1..65535, got "x"',
    'LOG_LEVEL: expected "debug", "info", "warn" or "error", got "loud"',
  ])
})

test('an invalid line of .env is reported with its place', () => {
  const here = folder()
  here.write('config.toml', NEEDED)
  const path = here.write('.env', '# ours\nexport AUTHD_SERVER_PORT=70000\n')

  const { problems } = here.inspect()

  expect(problems).toMatchObject([{ path, line: 2, column: 26, source: 'export AUTHD_SERVER_PORT=70000' }])
})

test('variables that Kubernetes and authd itself set are accepted', () => {
  const here = folder()
  here.write('config.toml', NEEDED)
  const env = { AUTHD_PORT: 'tcp://10.0.0.1:80', AUTHD_SERVICE_HOST: '10.0.0.1', AUTHD_PAGER: 'less' }

  const { problems } = here.inspect({ env })

  expect(problems).toEqual([])
})

function thrownBy(run: () => unknown): AuthdError {
  try {
    run()
  } catch (error) {
    if (error instanceof AuthdError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
