import { execFile, spawnSync } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { shell } from '../support/cli.ts'
import { post } from './support/load.ts'

/** Debian: apt-get install lintian mandoc fakeroot qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross */
const TOOLS = ['dpkg-deb', 'lintian', 'mandoc', 'fakeroot', 'qemu-aarch64-static']

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const folders: string[] = []

/** What `npm run release` makes of a commit, in another folder each time. */
async function release(commit: string): Promise<string> {
  // Inside the project, so that the packages can be linked instead of copied.
  const folder = await mkdtemp(join(root, 'dist/release-'))
  folders.push(folder)
  await run('git', ['clone', '--quiet', root, join(folder, 'authd')])
  await run('git', ['-C', join(folder, 'authd'), 'checkout', '--quiet', '--detach', commit])
  await run('cp', ['-al', join(root, 'node_modules'), join(folder, 'authd/node_modules')])
  await run('npm', ['run', '--silent', 'release'], { cwd: join(folder, 'authd') })
  return join(folder, 'authd/dist/release')
}

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(root, 'dist/root-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

let commit = ''
let released = ''
const find = async (ending: string) => {
  const name = (await readdir(released)).find((file) => file.endsWith(ending))
  return join(released, name ?? `no file that ends in ${ending}`)
}

beforeAll(async () => {
  const missing = TOOLS.filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`)
  await mkdir(join(root, 'dist'), { recursive: true })
  commit = (await run('git', ['rev-parse', 'HEAD'], { cwd: root })).stdout.trim()
  released = await release(commit)
})

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

describe('npm run release', () => {
  test('makes the same bytes in another folder, and says which', async () => {
    const other = await release(commit)

    const sums = await readFile(join(released, 'SHA256SUMS'), 'utf8')
    await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: released })

    expect(await readFile(join(other, 'SHA256SUMS'), 'utf8')).toBe(sums)
    expect(sums.match(/ {2}(.+)$/gm)).toHaveLength((await readdir(released)).length - 1)
  })

  test('install.sh of the release installs the program and its man pages, and uninstalls them', async () => {
    const prefix = join(await temporary(), 'prefix')

    const { stdout } = await run(join(released, 'install.sh'), ['--prefix', prefix])
    const page = await run('man', ['-M', join(prefix, 'share/man'), 'authd-users-list'], {
      env: { ...process.env, MANWIDTH: '80' },
    })
    await run(join(released, 'install.sh'), ['--prefix', prefix, '--uninstall'])

    expect(stdout).toMatch(/^checked {2}/)
    expect(page.stdout).toContain('authd users list [flags]')
    await expect(access(prefix)).rejects.toThrow('ENOENT')
  })

  test('no man page has a fault', async () => {
    const folder = await temporary()
    await run('tar', ['-xf', await find('-man.tar'), '-C', folder])

    const pages = (await readdir(join(folder, 'man1'))).map((page) => join(folder, 'man1', page))
    const { stdout } = await run('mandoc', ['-T', 'lint', ...pages])

    expect([pages.length > 50, stdout]).toEqual([true, ''])
  })

  test.each(['x64', 'arm64'])(
    'the bill of materials of %s names each package of its licences, and Node',
    async (arch) => {
      const { components, metadata } = JSON.parse(await readFile(await find(`${arch}.cdx.json`), 'utf8'))
      const licences = await readFile(join(released, 'LICENSES.txt'), 'utf8')

      const named = (components as { name: string; version: string }[]).map(
        ({ name, version }) => `${name} ${version} (`,
      )
      const { stdout } = await run('sha256sum', [await find(`linux-${arch}`)])

      expect(named.filter((line) => !licences.includes(line.replace('arm64', 'x64')))).toEqual([])
      expect(named.filter((line) => line.startsWith(`node-linux-${arch} `))).toHaveLength(1)
      expect(stdout).toContain(metadata.component.hashes[0].content)
    },
  )
})

describe('the Debian package', () => {
  test.each(['amd64', 'arm64'])('of %s has no fault that lintian finds', async (arch) => {
    const { stdout } = await run('lintian', ['--allow-root', '--fail-on', 'warning', await find(`_${arch}.deb`)])

    expect(stdout).toBe('')
  })

  test('brings its user, starts nothing, and keeps configuration and data even when it is purged', async () => {
    const place = await temporary()
    await mkdir(join(place, 'var/lib/dpkg/updates'), { recursive: true })
    await mkdir(join(place, 'var/lib/dpkg/info'), { recursive: true })
    await mkdir(join(place, 'etc'))
    await writeFile(join(place, 'var/lib/dpkg/status'), '')
    const dpkg = (...args: string[]) =>
      run('fakeroot', [
        'dpkg',
        `--root=${place}`,
        '--force-not-root,script-chrootless,depends',
        '--log=/dev/null',
        ...args,
      ])

    const installed = await dpkg('--install', await find('_amd64.deb'))
    const { stdout: version } = await run(join(place, 'usr/bin/authd'), ['--version'])
    const users = await readFile(join(place, 'etc/passwd'), 'utf8')
    await writeFile(join(place, 'etc/authd/config.toml'), 'public_url = "https://auth.example.com"\n')
    await mkdir(join(place, 'var/lib/authd'), { recursive: true })
    const purged = await dpkg('--purge', 'authd')

    expect(installed.stdout).toContain('Next: sudo authd init')
    expect(version).toMatch(/^authd \d/)
    expect(users).toMatch(/^authd:/m)
    expect(purged.stdout).toContain('kept  /etc/authd.')
    expect(await readdir(join(place, 'etc/authd'))).toEqual(['config.toml'])
    await expect(access(join(place, 'lib/systemd/system/authd.service'))).rejects.toThrow('ENOENT')
  })
})

test('the file for arm64 migrates a database, serves, and signs a user in', async () => {
  const place = await shell()
  const program = join(place.folder, 'authd-arm64')
  const file = await find('linux-arm64')
  await writeFile(program, `#!/bin/sh\nexec qemu-aarch64-static -L /usr/aarch64-linux-gnu '${file}' "$@"\n`, {
    mode: 0o755,
  })

  const debug = { ...process.env, NODE_DEBUG: 'authd' }
  const migrated = await run(program, ['migrate', 'up'], { cwd: place.folder, env: debug })
  const daemon = await place.serve(['--dev'], {}, program)
  const begun = await post(daemon.url, '/v1/signin', { email: 'ada@example.com' })
  const [, code = ''] = await daemon.until(/^.*\b(\d{6})\b.*$/m)
  const done = await post(daemon.url, '/v1/signin/code', { attempt_token: begun.body['attempt_token'] ?? '', code })

  expect(migrated.stderr).toContain('code cache accepted')
  expect([begun.status, done.status]).toEqual([201, 200])
  expect(done.body['access_token']).toMatch(/^eyJ/)
})
