import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { exampleEnv, exampleFile } from '../../src/config/example.ts'
import { KEYS } from '../../src/config/schema.ts'
import { staleFiles } from '../../tools/generate.ts'
import { type Folder, folder } from '../support/config-folder.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const WITH_A_FORM: Record<string, string> = {
  database_url: 'postgres://authd@localhost/authd',
  mail_dkim_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}
const SECRETS = KEYS.filter(({ secret, key }) => secret && key !== 'secret')

test('the example files and the reference page match the schema', () => {
  const stale = staleFiles(join(import.meta.dirname, '../..'))

  expect(stale).toEqual([])
})

test('the example is a valid configuration', () => {
  const here = folder()
  here.write('config.toml', exampleFile())

  const { config, warnings } = here.load()

  expect(config.publicUrl).toBe('https://auth.example.com')
  expect(warnings).toEqual([])
})

test.each([
  ['SQLite', 'url_file'],
  ['PostgreSQL', 'path'],
])('every key of the example is valid when uncommented, with %s', (_database, left) => {
  const here = folder()
  const text = exampleFile().replace(/^# (\w+ = )/gm, (line, key) => (key === `${left} = ` ? line : key))
  here.write('config.toml', withSecrets(here, text))

  const { sources } = here.load()

  const unset = KEYS.filter(({ key }) => sources.get(key)?.kind === 'default').map(({ key }) => key)
  expect(unset).toEqual(['secret', left === 'path' ? 'database.path' : 'database.url'])
})

test('every variable of the example is valid when uncommented', () => {
  const here = folder()
  const env = parseEnv(withSecrets(here, exampleEnv().replace(/^# (AUTHD_\w+=)/gm, '$1')))

  const { sources } = here.load({ env: { ...env, AUTHD_DATABASE_PATH: '' } })

  const unset = KEYS.filter(({ key }) => sources.get(key)?.kind === 'default').map(({ key }) => key)
  expect(unset).toEqual(['secret', 'database.path', 'backup.recipients'])
})

/** Creates the secret files that the example names. */
function withSecrets(here: Folder, text: string): string {
  for (const { credential } of SECRETS) {
    here.write(`secrets/${credential}`, WITH_A_FORM[credential] ?? 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F')
  }
  return text.replaceAll('/etc/authd/secrets/', `${here.path}/secrets/`)
}
