import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { copySqliteFirst } from '../../src/startup/copy-sqlite-first.ts'
import { freePort, type Shell, shell } from '../support/cli.ts'

const COPY = 'authd.db.before-migration-2026-11-29T00-00-00Z'

/** The commands that the page shows for the way back, without those of systemd. */
async function documentedCommands(): Promise<string[]> {
  const page = await readFile(join(import.meta.dirname, '../../docs/upgrade.md'), 'utf8')
  const [, section = ''] = page.split('### Go back to the older version\n')
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  const lines = blocks.flatMap((block) => block.split('\n').map((line) => line.trim()))
  return lines.filter((line) => line.startsWith('sudo authd '))
}

/** What a newer authd does at its first start: a copy, then a migration that this one does not know. */
async function migrateAsNewer({ folder }: Shell): Promise<void> {
  const path = join(folder, 'authd-data', 'authd.db')
  await copySqliteFirst({ database: { path, url: undefined } }, '2026-11-29T00-00-00Z')
  const database = new DatabaseSync(path)
  database.exec(`INSERT INTO schema_migrations VALUES ('9999_future', 1);
    ALTER TABLE users ADD COLUMN future text; ALTER TABLE api_keys RENAME COLUMN revoked_at TO ended_at`)
  database.close()
}

test('an older authd refuses a newer schema in words, and serves again after the commands of the page', async () => {
  const place = await shell()
  const listen = `127.0.0.1:${await freePort()}`
  const before = await place.serve(['--dev', '--listen', listen])
  await place.run(['users', 'add', 'ada@example.com'])
  before.kill('SIGTERM')
  await before.exit
  await migrateAsNewer(place)

  const refused = await place.spawn(['serve', '--dev', '--listen', listen])
  const command = await place.run(['users', 'list'])
  const status = await place.run(['migrate', 'status'])
  const commands = await documentedCommands()
  const ran = []
  for (const line of commands) {
    const words = line.replace('sudo authd ', '').replace('/var/lib/authd/', 'authd-data/').split(' ')
    ran.push(await place.run([...words, '--confirm=restore']))
  }
  const after = await place.serve(['--dev', '--listen', listen])
  const readiness = await fetch(`${after.url}/readiness`)
  const users = await place.run(['users', 'list', '--fields', 'email'])

  const words = 'The database was written by a newer authd (it has 9999_future, which this one does not know).'
  const path = join(place.folder, 'authd-data', COPY)
  for (const { code, stderr } of [refused, command]) {
    expect(code).toBe(78)
    expect(stderr).toContain(words)
    expect(stderr).toContain(`Try: authd backup restore ${path}\n`)
  }
  expect([status.code, status.stdout.split('\n').at(-2)]).toEqual([1, expect.stringMatching(/^9999_future\tunknown\t/)])
  expect(commands).toEqual([`sudo authd backup restore /var/lib/authd/${COPY}`])
  expect(ran.map(({ code }) => code)).toEqual([0])
  expect([readiness.status, users.stdout]).toEqual([200, 'ada@example.com\n'])
})
