import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { buildInfo } from './build/bundle.ts'
import { DEBIAN_NAME, makeDeb } from './build/deb.ts'
import { makeBundles, makeExecutable } from './build/executable.ts'
import { licences } from './build/licences.ts'
import { type Architecture, EMULATOR, machineOf, thisMachine } from './build/machine.ts'
import { sbom } from './build/sbom.ts'

/** What a release needs beside npm, by the Debian package that has it. */
const NEEDED: Record<string, string> = {
  '/usr/bin/dpkg-deb': 'dpkg',
  [EMULATOR[0]]: 'qemu-user-static',
  [`${EMULATOR[2]}/lib/libc.so.6`]: 'libc6-arm64-cross',
  [`${EMULATOR[2]}/lib/libstdc++.so.6`]: 'libstdc++6-arm64-cross',
}

const root = join(import.meta.dirname, '..')
const work = join(root, 'dist/parts')
const target = join(root, 'dist/release')

const missing = Object.keys(NEEDED).filter((path) => !existsSync(path))
if (thisMachine().arch !== 'x64') throw new Error('A release is built on x64, where arm64 can be emulated.')
if (missing.length > 0) throw new Error(`missing: apt-get install ${missing.map((path) => NEEDED[path]).join(' ')}`)
process.umask(0o022)
await release()

/** Everything that a release has, in dist/release. */
async function release(): Promise<void> {
  const info = buildInfo(root)
  const name = `authd-${info.version}`
  // Without a history and without SOURCE_DATE_EPOCH, all times are the first that a file can have.
  const builtAt = Math.floor(Date.parse(info.builtAt ?? '1970-01-01T00:00:00Z') / 1000)
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  const files = await makeBundles(root, work, info)

  for (const arch of ['x64', 'arm64'] as const) {
    const machine = machineOf(root, arch)
    const program = programOf(name, arch)
    makeExecutable(work, machine, program)
    writeFileSync(`${program}.cdx.json`, sbom(root, info, files, machine, program))
    say(program)
  }
  const texts = licences(root, files, thisMachine().package)
  writeFileSync(join(target, 'LICENSES.txt'), texts)
  copyFileSync(join(root, 'install.sh'), join(target, 'install.sh'))
  chmodSync(join(target, 'install.sh'), 0o755)

  const native = programOf(name, 'x64')
  const manual = join(work, 'man1')
  execFileSync(native, ['man', manual], { stdio: ['ignore', 'ignore', 'inherit'] })
  packManual(builtAt, join(target, `${name}-man.tar`))
  const completion = (shell: string) => execFileSync(native, ['completion', shell], { encoding: 'utf8' })
  const completions = { bash: completion('bash'), zsh: completion('zsh'), fish: completion('fish') }
  for (const arch of ['x64', 'arm64'] as const) {
    const deb = join(target, `authd_${info.version}-1_${DEBIAN_NAME[arch]}.deb`)
    const input = { root, version: info.version, builtAt, arch, program: programOf(name, arch), manual, completions }
    makeDeb({ ...input, licences: texts }, join(work, 'deb'), deb)
    say(deb)
  }
  writeFileSync(join(target, 'SHA256SUMS'), checksums())
  console.log(`dist/release is complete: ${name} (${info.commit ?? 'no commit'})`)
}

function programOf(name: string, arch: Architecture): string {
  return join(target, `${name}-linux-${arch}`)
}

/** For those who install without install.sh. */
function packManual(builtAt: number, file: string): void {
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${builtAt}`]
  execFileSync('tar', [...same, '-cf', file, '-C', work, 'man1'])
}

/** As `sha256sum` writes and checks them. */
function checksums(): string {
  return readdirSync(target)
    .sort()
    .map(
      (file) =>
        `${createHash('sha256')
          .update(readFileSync(join(target, file)))
          .digest('hex')}  ${file}\n`,
    )
    .join('')
}

function say(path: string): void {
  console.log(`made ${path.slice(root.length + 1)}`)
}
