import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'
import { CERTIFICATE, startSmtp } from '../support/smtp.ts'

test('a mail server is trusted if the system trusts its authority, without smtp.ca_file', async () => {
  const server = await startSmtp({ tls: 'starttls' })
  const { folder, spawn } = await shell()
  const lines = [
    'public_url = "https://auth.example.com"',
    'data_dir = "authd-data"',
    `[smtp]\nhost = "localhost"\nport = ${server.port}`,
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  await writeFile(join(folder, 'authd.toml'), lines.join('\n'), { mode: 0o600 })
  const send = ['email', 'test', 'anna@example.com', '-c', 'authd.toml']

  await spawn(['migrate', '-c', 'authd.toml'])

  const untrusted = await spawn(send)
  const trusted = await spawn(send, { env: { SSL_CERT_FILE: CERTIFICATE } })

  expect([untrusted.code, trusted.code]).toEqual([69, 0])
  expect(server.mails).toHaveLength(1)
})
