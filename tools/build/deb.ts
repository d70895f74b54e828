import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { dropInText, sysusersText, unitTexts } from '../../src/cli/service/unit-texts.ts'
import type { Architecture } from './machine.ts'

export interface DebInput {
  /** The root of the project. */
  root: string
  version: string
  /** Epoch seconds of every file in the package. */
  builtAt: number
  arch: Architecture
  program: string
  /** The folder of man pages. */
  manual: string
  completions: Record<'bash' | 'zsh' | 'fish', string>
  licences: string
}

/** Debian's name of each architecture. */
export const DEBIAN_NAME: Record<Architecture, string> = { x64: 'amd64', arm64: 'arm64' }

const SERVICE = { name: 'authd', user: 'authd', program: '/usr/bin/authd' }

/** What Node needs, and what makes the user. */
const DEPENDS = 'libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 5.2), systemd | systemd-standalone-sysusers'

/** Builds the package in a folder that is deleted afterwards. Needs dpkg-deb, and no root. */
export function makeDeb(input: DebInput, work: string, target: string): void {
  const { root, builtAt, program } = input
  const scripts = join(root, 'deploy/debian')
  rmSync(work, { recursive: true, force: true })
  for (const [path, content] of Object.entries(contents(input))) put(join(work, path), content)
  cpSync(program, join(work, 'usr/bin/authd'))
  chmodSync(join(work, 'usr/bin/authd'), 0o755)
  mkdirSync(join(work, 'etc/authd'), { recursive: true })

  const files = readdirSync(work, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(work.length + 1))
    .sort()
  put(
    join(work, 'DEBIAN/control'),
    control(
      input,
      files.map((file) => statSync(join(work, file)).size),
    ),
  )
  put(join(work, 'DEBIAN/conffiles'), '/etc/logrotate.d/authd\n')
  put(
    join(work, 'DEBIAN/md5sums'),
    files
      .filter((file) => !file.startsWith('etc/'))
      .map((file) => md5Line(work, file))
      .join(''),
  )
  for (const script of ['postinst', 'prerm', 'postrm']) {
    put(join(work, 'DEBIAN', script), readFileSync(join(scripts, script)))
    chmodSync(join(work, 'DEBIAN', script), 0o755)
  }
  // One thread, because the number of threads changes the bytes.
  const options = ['--root-owner-group', '-Zxz', '-z1', '--threads-max=1', '--build']
  execFileSync('dpkg-deb', [...options, work, target], {
    env: { PATH: process.env['PATH'], SOURCE_DATE_EPOCH: String(builtAt) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  rmSync(work, { recursive: true })
}

/** Every file except the program, by its path. */
function contents(input: DebInput): Record<string, string | Buffer> {
  const { root, manual, completions, licences } = input
  const project = (path: string) => readFileSync(join(root, path))
  const pages = readdirSync(manual).map((page) => [
    `usr/share/man/man1/${page}.gz`,
    packed(readFileSync(join(manual, page))),
  ])
  return {
    'etc/logrotate.d/authd': project('deploy/logrotate/authd'),
    ...Object.fromEntries(
      Object.entries(unitTexts(SERVICE)).map(([unit, text]) => [`lib/systemd/system/${unit}`, text]),
    ),
    'usr/share/authd/notify-reload.conf': dropInText(),
    'usr/lib/sysusers.d/authd.conf': sysusersText(SERVICE),
    'usr/lib/tmpfiles.d/authd.conf': 'd /etc/authd 0750 root authd -\n',
    'usr/share/bash-completion/completions/authd': completions.bash,
    'usr/share/zsh/vendor-completions/_authd': completions.zsh,
    'usr/share/fish/vendor_completions.d/authd.fish': completions.fish,
    'usr/share/doc/authd/changelog.gz': packed(project('CHANGELOG.md')),
    'usr/share/doc/authd/changelog.Debian.gz': packed(debianChangelog(input)),
    'usr/share/doc/authd/copyright': project('deploy/debian/copyright'),
    'usr/share/doc/authd/LICENSES.txt.gz': packed(licences),
    'usr/share/doc/authd/config.example.toml': project('config.example.toml'),
    'usr/share/lintian/overrides/authd': project('deploy/debian/lintian-overrides'),
    ...Object.fromEntries(pages),
  }
}

function control({ version, arch }: DebInput, sizes: number[]): string {
  const kibibytes = sizes.reduce((sum, size) => sum + Math.ceil(size / 1024), 0)
  return `Package: authd
Version: ${version}-1
Architecture: ${DEBIAN_NAME[arch]}
Maintainer: ${maintainer()}
Installed-Size: ${kibibytes}
Depends: ${DEPENDS}
Section: net
Priority: optional
Description: passwordless sign-in for your own applications
 authd signs users in by mail, passkeys and authenticator apps, and gives
 applications sessions and signed tokens. It is one daemon with one command
 line, and keeps its data in SQLite or PostgreSQL.
`
}

function debianChangelog({ version, builtAt }: DebInput): string {
  const day = new Date(builtAt * 1000).toUTCString().replace('GMT', '+0000')
  return `authd (${version}-1) unstable; urgency=medium\n\n  * Changes are in changelog.gz.\n\n -- ${maintainer()}  ${day}\n`
}

/** The person who builds the package, from the variables of Debian's own tools. */
function maintainer(): string {
  const { DEBFULLNAME = 'The authd authors', DEBEMAIL = 'authd@example.org' } = process.env
  return `${DEBFULLNAME} <${DEBEMAIL}>`
}

function md5Line(work: string, file: string): string {
  return `${createHash('md5')
    .update(readFileSync(join(work, file)))
    .digest('hex')}  ${file}\n`
}

function packed(content: string | Buffer): Buffer {
  return gzipSync(content, { level: 9 })
}

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { mode: 0o644 })
}
