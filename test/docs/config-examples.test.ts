import { generateKeyPairSync } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { environmentNames, fileNames } from '../../src/config/names.ts'
import { SECTION_TEXTS } from '../../src/config/schema.ts'
import { EVENTS } from '../../src/flows/events.ts'
import { folder } from '../support/config-folder.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGES = globSync('{README,CHANGELOG,docs/**/*}.md', { cwd: ROOT })
const NEEDED = { public_url: 'https://auth.example.com', 'smtp.host': 'smtp.example.com', 'mail.from': 'a@example.com' }

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')
const SNIPPETS = PAGES.flatMap((page) =>
  [...read(page).matchAll(/^( *)```toml\n([\s\S]*?)^\1```/gm)].map(([, , text = '']) => ({ page, text })),
)

test.for(SNIPPETS)('a configuration that $page shows is valid: $text', ({ text }, { expect }) => {
  const here = folder()
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  here.write('secrets/mail_dkim_key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  here.write('database-url', 'postgres://authd:k3Vq0z8Jm2@db.example.com/authd\n')
  here.write('config.toml', text.replaceAll('/etc/authd', here.path).replace(/:(?:PASSWORD|REPLACE)@/, ':k3Vq0z8Jm2@'))

  const { problems } = here.inspect({ flags: NEEDED })

  expect(problems).toEqual([])
})

test('the documentation shows configuration on more than one page', () => {
  expect(new Set(SNIPPETS.map(({ page }) => page)).size).toBeGreaterThan(1)
})

test.each(PAGES)('%s names only keys and variables that exist', (page) => {
  const names = new Set([...fileNames().map(({ name }) => name), ...Object.keys(EVENTS)])
  // The examples in docs/examples read AUTHD_URL and AUTHD_KEY.
  const variables = new Set(['AUTHD_CONFIG', 'AUTHD_URL', 'AUTHD_KEY', ...environmentNames().map(({ name }) => name)])
  const code = [...read(page).matchAll(/`([^`\n]+)`/g)].map(([, inside = '']) => inside)

  const keys = code
    .flatMap((inside) => /^([a-z]+)\.[a-z0-9_]+$/.exec(inside) ?? [])
    .filter((name) => name.includes('.'))
  const unknown = keys.filter((key) => SECTION_TEXTS.has(key.split('.')[0] ?? '') && !names.has(key))
  const set = [...read(page).matchAll(/\bAUTHD_[A-Z0-9_]+\b/g)].map(([name]) => name)

  expect(unknown).toEqual([])
  expect(set.filter((name) => !variables.has(name))).toEqual([])
})
