import { readdirSync } from 'node:fs'
import { cp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { holdSqlite } from '../../src/store/sqlite-backup.ts'
import { type Shell, shell } from '../support/cli.ts'

/** One folder with users, and the backup that was made of it. */
async function backedUp(...flags: string[]) {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com'])
  const made = await place.run(['backup', 'create', '--json', ...flags])
  const file = (name: string) => join(place.folder, 'authd-data', name)
  return { place, file, backup: JSON.parse(made.stdout) as { name: string; path: string; created_at: string } }
}

const restore = (place: Shell, backup: string) => place.run(['backup', 'restore', backup, '--confirm=restore'])

const tailTypes = async (place: Shell) => {
  const { stdout } = await place.run(['audit', 'tail', '--cursor', 'at', '-n', '100', '--jsonl'])
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).event_type as string]))
}

test('a restore keeps what was blocked since, and says which deleted users exist again', async () => {
  const { place, backup } = await backedUp()
  await place.run(['ipfilter', 'add', '198.51.100.128/25', '--reason', 'password spraying'])
  await place.run(['ipfilter', 'add', '198.51.100.7', '--scope', 'login', '--expires', '1d', '--reason', 'mails'])
  await place.run(['ipfilter', 'add', '203.0.113.0/24', '--allow', '--reason', 'office'])
  const { id } = JSON.parse((await place.run(['users', 'show', 'ada@example.com', '--json'])).stdout)
  await place.run(['users', 'delete', 'ada@example.com', '--confirm=ada@example.com'])

  const restored = await place.run(['backup', 'restore', backup.name, '--confirm=restore', '--json'])
  const rules = JSON.parse((await place.run(['ipfilter', 'list', '--json'])).stdout)

  expect(JSON.parse(restored.stdout)).toMatchObject({ ip_blocks_kept: 2, deleted_users_back: [id] })
  const rows = rules.data.map((rule: Record<string, unknown>) => [rule['cidr'], rule['scope'], rule['reason']])
  expect(rows.toSorted()).toEqual([
    ['198.51.100.128/25', 'all', 'password spraying'],
    ['198.51.100.7/32', 'login', 'mails'],
  ])
})

test('SECURITY: a restore gives events to no webhook endpoint that was removed or paused since, and allows no network again', async () => {
  const { place } = await backedUp()
  const add = async (name: string) =>
    JSON.parse((await place.run(['webhooks', 'add', `https://${name}.example.com/hook`, '--json'])).stdout).id as string
  const [kept, paused, removed] = [await add('kept'), await add('paused'), await add('removed')]
  await place.run(['ipfilter', 'add', '203.0.113.0/24', '--allow', '--reason', 'office'])
  const { path } = JSON.parse((await place.run(['backup', 'create', '--json', '--folder', 'other'])).stdout)
  await place.run(['webhooks', 'update', paused, '--pause'])
  await place.run(['webhooks', 'remove', removed, '--yes'])
  await place.run(['ipfilter', 'remove', '203.0.113.0/24'])

  const restored = await place.run(['backup', 'restore', path, '--confirm=restore', '--json'])
  const webhooks = JSON.parse((await place.run(['webhooks', 'list', '--json'])).stdout).data
  const rules = JSON.parse((await place.run(['ipfilter', 'list', '--json'])).stdout).data

  expect(JSON.parse(restored.stdout)).toMatchObject({ ip_allow_rules_removed: 1, webhooks_paused: 2 })
  const live = webhooks.filter(({ paused_at }: { paused_at: unknown }) => paused_at === null)
  expect([live.map(({ id }: { id: string }) => id), rules]).toEqual([[kept], []])
})

test('a restore over a new database, because the one from before was lost, takes nothing over from it', async () => {
  const { place, file } = await backedUp()
  await place.run(['webhooks', 'add', 'https://kept.example.com/hook'])
  await place.run(['ipfilter', 'add', '203.0.113.0/24', '--allow', '--reason', 'office'])
  const { path } = JSON.parse((await place.run(['backup', 'create', '--json', '--folder', 'other'])).stdout)
  for (const name of readdirSync(file('.')).filter((name) => name.startsWith('authd.db'))) await rm(file(name))
  await place.run(['migrate'])
  await place.run(['users', 'add', 'new@example.com'])

  const restored = await place.run(['backup', 'restore', path, '--confirm=restore', '--json'])
  const [webhook] = JSON.parse((await place.run(['webhooks', 'list', '--json'])).stdout).data
  const rules = JSON.parse((await place.run(['ipfilter', 'list', '--json'])).stdout).data

  expect(JSON.parse(restored.stdout)).toMatchObject({
    ip_allow_rules_removed: 0,
    webhooks_paused: 0,
    users_disabled: 0,
  })
  expect([webhook.paused_at, rules.length]).toEqual([null, 1])
})

test('a restore adds no block that the backup has', async () => {
  const { place } = await backedUp()
  await place.run(['ipfilter', 'add', '198.51.100.128/25', '--reason', 'password spraying'])
  const { path } = JSON.parse((await place.run(['backup', 'create', '--json', '--folder', 'other'])).stdout)

  const restored = await place.run(['backup', 'restore', path, '--confirm=restore', '--json'])

  expect(JSON.parse(restored.stdout)).toMatchObject({ ip_blocks_kept: 0, deleted_users_back: [] })
})

test('a reader of the audit log misses no event after a restore, because numbers go on above the last one', async () => {
  const { place, backup } = await backedUp()
  for (const name of ['bob', 'eve', 'max', 'tim']) await place.run(['users', 'add', `${name}@example.com`])
  await tailTypes(place)

  await restore(place, backup.name)
  await place.run(['users', 'add', 'new@example.com'])

  expect(await tailTypes(place)).toEqual(expect.arrayContaining(['backup.restored', 'user.registered']))
})

test('a position beyond the last event is refused, because its reader would miss the next events', async () => {
  const { place } = await backedUp()
  await writeFile(join(place.folder, 'at'), '999\n')

  const { code, stderr } = await place.run(['audit', 'tail', '--cursor', 'at'])

  expect([code, stderr]).toEqual([65, expect.stringContaining('at stands at event 999, but the last event is ')])
})

test('a restored database knows the backup that it came from', async () => {
  const { place, file, backup } = await backedUp('--folder', 'backups')
  for (const name of readdirSync(file('.')).filter((name) => name.startsWith('authd.db'))) await rm(file(name))
  await restore(place, backup.path)

  const { stdout } = await place.run(['doctor', '--json'])

  const { checks } = JSON.parse(stdout) as { checks: { check: string }[] }
  expect(checks.find(({ check }) => check === 'backup')).toMatchObject({
    status: 'ok',
    detail: `the last one is of ${backup.created_at}`,
  })
})

test('a restore leaves the database from before as one file, also after a daemon was killed', async () => {
  const { place, file, backup } = await backedUp()
  const daemon = await place.serve(['--dev'])
  daemon.kill('SIGKILL')
  await daemon.exit

  await restore(place, backup.name)

  const kept = readdirSync(file('.')).filter((name) => name.includes('restore'))
  expect(kept).toEqual([expect.stringMatching(/^authd\.db\.before-restore-[\dTZ-]+$/)])
})

test('a restore names every file that it keeps of a damaged database', async () => {
  const { place, file, backup } = await backedUp()
  await writeFile(file('authd.db'), 'damaged from its first byte')
  await writeFile(file('authd.db-wal'), 'a log of the damaged file')
  await writeFile(file('authd.db-shm'), 'an index of that log')

  const { stdout } = await restore(place, backup.name)

  const kept = readdirSync(file('.')).filter((name) => name.includes('restore'))
  expect(kept.filter((name) => name.endsWith('-shm'))).toEqual([])
  expect(kept.length).toBeGreaterThan(0)
  for (const name of kept) expect(stdout).toContain(file(name))
})

test('a restore into an empty folder is refused while another restore runs there', async () => {
  const { place, file, backup } = await backedUp('--folder', 'backups')
  await rm(file('authd.db'))
  const other = holdSqlite(file('authd.db'))
  const refused = await restore(place, backup.path)
  other.release()
  const left = readdirSync(file('.'))

  const done = await restore(place, backup.path)

  expect([refused.code, left, done.code]).toEqual([75, ['secret'], 0])
  expect(readdirSync(file('.')).toSorted()).toEqual(['authd.db', 'secret'])
})

test('a start with another secret names the file that has the right one', async () => {
  const { place, file } = await backedUp()
  await rename(file('secret'), file('secret.before-2026-01-02T03-04-05Z'))
  const missing = await place.run(['users', 'list'])
  await writeFile(file('secret'), 'another secret of at least thirty-two bytes', { mode: 0o600 })
  const other = await place.run(['users', 'list'])

  const fix = `Try: sudo cp -p ${file('secret.before-2026-01-02T03-04-05Z')} ${file('secret')}`
  expect([missing.code, missing.stderr]).toEqual([78, expect.stringContaining(fix)])
  expect([other.code, other.stderr]).toEqual([78, expect.stringContaining(fix)])
})

test('a restore and verify with another secret name the file that has the right one', async () => {
  const { place: from, backup } = await backedUp('--folder', 'backups', '--with-secret')
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'list'])
  await cp(join(from.folder, 'backups'), join(place.folder, 'backups'), { recursive: true })
  const copy = join(place.folder, 'backups', backup.name)

  const refused = await restore(place, `${copy}.sqlite`)
  const verified = await place.run(['backup', 'verify', `${copy}.sqlite`])

  expect([refused.code, refused.stderr]).toEqual([78, expect.stringContaining(`The right one is in ${copy}.secret.`)])
  expect(verified.stdout).toContain(`${copy}.secret`)
})
