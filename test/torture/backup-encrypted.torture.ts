import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

beforeAll(() => {
  try {
    execFileSync('age', ['--version'])
  } catch (cause) {
    throw new Error('needs age: apt-get install age', { cause })
  }
})

/** An encrypted backup with its secret, in a folder that has the private key that age-keygen made. */
async function backedUp() {
  const place = await shell()
  const inside = { cwd: place.folder, stdio: 'pipe' } as const
  execFileSync('age-keygen', ['-o', 'key.txt'], inside)
  const recipient = execFileSync('age-keygen', ['-y', 'key.txt'], inside).toString().trim()
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com'])
  const made = await place.run(['backup', 'create', '--folder=.', '--with-secret', '--recipient', recipient, '--json'])
  const { name } = JSON.parse(made.stdout) as { name: string }
  const age = (...args: string[]) => execFileSync('age', args, inside).toString()
  return { place, name, recipient, age }
}

test('age decrypts a backup and the secret beside it, and the plain copy is verified', async () => {
  const { place, name, age } = await backedUp()

  age('--decrypt', '--identity', 'key.txt', '--output', `${name}.sqlite`, `${name}.sqlite.age`)
  const secret = age('--decrypt', '--identity', 'key.txt', `${name}.secret.age`)
  const verified = await place.run(['backup', 'verify', `./${name}.sqlite`, '--json'])

  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, rows: { users: 1 } })
  expect(secret).toBe(readFileSync(join(place.folder, 'authd-data/secret'), 'utf8'))
})

test('a backup that age has encrypted again for another key is restored', async () => {
  const { place, name, recipient, age } = await backedUp()
  age('--decrypt', '--identity', 'key.txt', '--output', 'plain', `${name}.sqlite.age`)
  renameSync(join(place.folder, 'key.txt'), join(place.folder, 'former.txt'))
  execFileSync('age-keygen', ['-o', 'key.txt'], { cwd: place.folder, stdio: 'pipe' })
  const next = execFileSync('age-keygen', ['-y', 'key.txt'], { cwd: place.folder }).toString().trim()
  age('--recipient', next, '--output', 'again.sqlite.age', 'plain')

  const restore = ['backup', 'restore', 'again.sqlite.age', '--confirm=restore', '--json']
  const former = await place.run([...restore, '--identity', 'former.txt'])
  const restored = await place.run([...restore, '--identity', 'key.txt'])

  expect(next).not.toBe(recipient)
  expect(former.code).toBe(1)
  expect(restored.code).toBe(0)
})
