import { readdirSync, readFileSync } from 'node:fs'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { expect, onTestFinished, test } from 'vitest'
import { shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'
import { standInPostgresTools } from '../support/stand-in-postgres-tools.ts'

// Debian's own age opens such a backup in `npm run torture -- backup-encrypted`.

/** A private key as age-keygen writes it, and its public key. */
async function newKey() {
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  return { recipient, text: `# created: 2026-11-29T03:10:00Z\n# public key: ${recipient}\n${identity}\n`, identity }
}

/** A folder with a user, an encrypted backup of it, and the private key in key.txt. */
async function backedUp(...flags: string[]) {
  const place = await shell()
  const key = await newKey()
  await writeFile(join(place.folder, 'key.txt'), key.text)
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com'])
  const made = await place.run(['backup', 'create', '--recipient', key.recipient, '--json', ...flags])
  return { place, key, made, backup: JSON.parse(made.stdout) as { name: string; path: string } }
}

test('SECURITY: nothing of an encrypted backup and of the secret beside it can be read without the private key', async () => {
  const { place, made, backup } = await backedUp('--with-secret', '--folder', 'backups')

  const names = readdirSync(join(place.folder, 'backups'))
  const bodies = names.map((name) => readFileSync(join(place.folder, 'backups', name), 'latin1'))
  const secret = readFileSync(join(place.folder, 'authd-data/secret'), 'latin1').trim()

  expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('also encrypted. Keep the private key') })
  expect(names).toEqual(['.json', '.secret.age', '.sqlite.age'].map((ending) => backup.name + ending))
  expect(bodies.map((body) => body.startsWith('age-encryption.org/v1\n'))).toEqual([false, true, true])
  expect(bodies.filter((body) => /SQLite format|ada@example/.test(body) || body.includes(secret))).toEqual([])
  expect(readdirSync(join(place.folder, 'authd-data')).filter((name) => name.startsWith('.authd-'))).toEqual([])
})

test('an encrypted backup is listed, recorded, verified and restored on another machine with its private key', async () => {
  const { place: here, key, backup } = await backedUp('--with-secret', '--folder', 'backups')
  const there = await shell()
  await cp(join(here.folder, 'backups'), join(there.folder, 'backups'), { recursive: true })
  const copy = `backups/${backup.name}.sqlite.age`

  const list = await here.run(['backup', 'list', '--folder', 'backups', '--json'])
  const event = await here.run(['audit', 'tail', '--event', 'backup.created'])
  const verified = await here.run(['backup', 'verify', copy, '--identity', 'key.txt', '--json'])
  const restored = await there.run(['backup', 'restore', copy, '--identity', '-', '--confirm=restore'], {
    input: key.text,
  })
  const users = await there.run(['users', 'list', '--json'])

  expect(JSON.parse(list.stdout).data).toMatchObject([{ name: backup.name, encrypted: true, with_secret: true }])
  expect(JSON.parse(event.stdout)).toMatchObject({ metadata: { encrypted: true, with_secret: true } })
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, secret: 'fits', differing: [], rows: { users: 1 } })
  expect(restored.code).toBe(0)
  expect(JSON.parse(users.stdout).data).toMatchObject([{ email: 'ada@example.com' }])
  expect(readFileSync(join(there.folder, 'authd-data/secret'))).toEqual(
    readFileSync(join(here.folder, 'authd-data/secret')),
  )
})

test('SECURITY: an encrypted backup is refused without its private key, and when it is damaged or cut', async () => {
  const { place, backup } = await backedUp()
  const whole = readFileSync(backup.path)
  const spoiled = Buffer.from(whole)
  spoiled.fill(0, whole.length - 400, whole.length - 300)
  await writeFile(join(place.folder, 'damaged.sqlite.age'), spoiled)
  await writeFile(join(place.folder, 'cut.sqlite.age'), whole.subarray(0, whole.length - 100_000))
  await writeFile(join(place.folder, 'words.sqlite.age'), 'hello')
  await writeFile(join(place.folder, 'long.sqlite.age'), `age-encryption.org/v1\n-> X25519 ${'a'.repeat(300_000)}`)
  await writeFile(join(place.folder, 'other.txt'), (await newKey()).text)
  const verify = async (file: string, ...flags: string[]) => {
    const { code, stderr } = await place.run(['backup', 'verify', file, ...flags])
    return `${code} ${stderr.replaceAll(place.folder, '')}`
  }

  const answers = [
    await verify(backup.name),
    await verify(backup.name, '--identity', 'other.txt'),
    await verify('damaged.sqlite.age', '--identity', 'key.txt'),
    await verify('cut.sqlite.age', '--identity', 'key.txt'),
    await verify('words.sqlite.age', '--identity', 'key.txt'),
    await verify('long.sqlite.age', '--identity', 'key.txt'),
    await verify(backup.name, '--identity', 'missing.txt'),
  ]

  expect(answers).toEqual([
    expect.stringMatching(/^64 .* is encrypted\. Name the file of its private key with --identity\./),
    expect.stringMatching(/^1 .*: it is encrypted for another key than those of --identity\./),
    expect.stringMatching(/^1 .* cannot be restored: it is damaged or cut\./),
    expect.stringMatching(/^1 .* cannot be restored: it is damaged or cut\./),
    expect.stringMatching(/^1 .* cannot be restored: it is damaged or cut\./),
    expect.stringMatching(/^1 .* cannot be restored: it is damaged or cut\./),
    expect.stringMatching(/^66 .*missing\.txt cannot be read/),
  ])
})

test('an encrypted secret that does not fit is not verified, and a restore where the right one is configured does not need it', async () => {
  const { place, backup } = await backedUp('--with-secret')
  const beside = backup.path.replace(/sqlite\.age$/, 'secret.age')
  const command = (name: string, ...flags: string[]) => ['backup', name, backup.name, '--identity', 'key.txt', ...flags]

  await cp(backup.path, beside)
  const database = await place.run(command('verify', '--json'))
  await writeFile(beside, readFileSync(beside).fill(0, 300))
  const damaged = await place.run(command('verify', '--json'))
  await writeFile(beside, Buffer.alloc(600_000))
  const long = await place.run(command('verify', '--json'))
  const restored = await place.run(command('restore', '--confirm=restore'))
  await rm(join(place.folder, 'authd-data/secret'))
  const missing = await place.run(command('verify', '--json'))

  expect([database, damaged, long, restored, missing].map(({ code }) => code)).toEqual([1, 1, 1, 0, 1])
  expect(JSON.parse(database.stdout)).toMatchObject({ ok: false, secret: 'fits', secret_beside: 'unreadable' })
  expect(JSON.parse(damaged.stdout)).toMatchObject({ ok: false, secret: 'fits', secret_beside: 'unreadable' })
  expect(JSON.parse(missing.stdout)).toMatchObject({ ok: false, secret: 'missing', secret_beside: 'unreadable' })
})

test('SECURITY: no message shows a private key, wherever it was written by mistake', async () => {
  const { place, key, backup } = await backedUp()
  await writeFile(join(place.folder, 'spoiled.txt'), key.text.replace(/.\n$/, '\n'))
  const commands = [
    ['backup', 'verify', backup.name, '--identity', 'spoiled.txt'],
    ['backup', 'verify', backup.name, '--identity', key.identity],
    ['backup', 'restore', backup.name, `--identity=${key.identity.toLowerCase()}`],
    ['backup', 'create', '--recipient', key.identity],
    ['backup', 'create', '--recipient', `${key.recipient.slice(0, -1)}b`],
  ]
  const env = { AUTHD_BACKUP_RECIPIENTS: key.identity }

  const answers = await Promise.all(commands.map((command) => place.run(command)))
  const checked = await place.run(['config', 'check'], { env })
  const printed = [...answers, checked].map(({ code, stdout, stderr }) => `${code} ${stdout}${stderr}`)

  expect(printed).toEqual([
    expect.stringMatching(/^64 .*--identity: spoiled\.txt, line 3: not a private key of age/),
    expect.stringMatching(/^64 .*--identity: is a private key\. Write it into a file/),
    expect.stringMatching(/^64 .*--identity: is a private key\. Write it into a file/),
    expect.stringMatching(/^64 .*--recipient: is a private key, which opens backups; write its public key\./),
    expect.stringMatching(/^64 .*--recipient: is not a public key of age \(age1…\), or has a typing error\./),
    expect.stringMatching(/^78 [\s\S]*AUTHD_BACKUP_RECIPIENTS is a private key, which opens backups/),
  ])
  expect(printed.filter((text) => text.toUpperCase().includes(key.identity.slice(0, 30)))).toEqual([])
})

test('backup.recipients encrypts each backup, and a key for a plain backup is refused', async () => {
  const place = await shell()
  const key = await newKey()
  const env = { AUTHD_BACKUP_RECIPIENTS: `${key.recipient}, ${(await newKey()).recipient}` }
  await writeFile(join(place.folder, 'key.txt'), key.text)
  await place.run(['migrate'])

  const encrypted = JSON.parse((await place.run(['backup', 'create', '--json'], { env })).stdout)
  const plain = await place.run(['backup', 'create', '--json', '--folder', 'plain'])
  const verified = await place.run(['backup', 'verify', encrypted.name, '--identity', 'key.txt'])
  const refused = await place.run(['backup', 'verify', JSON.parse(plain.stdout).path, '--identity', 'key.txt'])
  const pruned = await place.run(['backup', 'prune', '--keep=1', '--json', '--yes'])

  expect(encrypted.path).toMatch(/\.sqlite\.age$/)
  expect(verified.code).toBe(0)
  expect(refused).toMatchObject({ code: 64, stderr: expect.stringContaining('is not encrypted') })
  expect(JSON.parse(pruned.stdout)).toMatchObject({ deleted: [] })
})

test('a dump of PostgreSQL is encrypted, and is never plain in the folder of backups', async () => {
  const tools = await standInPostgresTools()
  const key = await newKey()
  const place = await shell()
  const databases = [await freshPostgres(), await freshPostgres()] as const
  onTestFinished(() => Promise.all(databases.map(({ drop }) => drop())).then(() => undefined))
  const [from, to] = databases.map(({ url }) => ({ PATH: tools.path, AUTHD_DATABASE_URL: url }))
  await writeFile(join(place.folder, 'key.txt'), key.text)
  await place.run(['migrate', 'up'], { env: { ...from } })
  const create = ['backup', 'create', '--recipient', key.recipient, '--folder', 'backups', '--json']

  const made = JSON.parse((await place.run(create, { env: { ...from } })).stdout)
  const restore = ['backup', 'restore', made.path, '--identity', 'key.txt', '--confirm=restore']
  const restored = await place.run(restore, { env: { ...to } })

  const draft = tools.calls()[0]?.args.find((arg) => arg.startsWith('--file='))
  expect(draft).toContain('/authd-data/.authd-backup-')
  expect(made.path).toMatch(/\.dump\.age$/)
  expect(restored.code).toBe(0)
})
