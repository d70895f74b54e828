import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export type Architecture = 'x64' | 'arm64'

export interface Machine {
  arch: Architecture
  /** The folder of the package with its Node. */
  package: string
  /** The program of that Node. It becomes part of the executable. */
  node: string
  /** The command that runs the Node here: maybe under an emulator. */
  runNode: readonly [string, ...string[]]
}

/** Runs a program for arm64 on x64, with the libraries of Debian's libc6-arm64-cross and libstdc++6-arm64-cross. */
export const EMULATOR = ['/usr/bin/qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'] as const

export function thisMachine(): Machine {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  const node = process.execPath
  return { arch, package: join(node, '../..'), node, runNode: [node] }
}

/** The machine with this architecture. npm gets its Node from the cache, or from the registry, and package-lock.json pins its hash. */
export function machineOf(root: string, arch: Architecture): Machine {
  const own = thisMachine()
  if (arch === own.arch) return own
  if (arch === 'x64') throw new Error('A file for x64 can only be built on x64.')
  const folder = pinnedNode(root, arch)
  const node = join(folder, 'bin/node')
  return { arch, package: folder, node, runNode: [EMULATOR[0], ...EMULATOR.slice(1), node] }
}

function pinnedNode(root: string, arch: Architecture): string {
  const name = `node-linux-${arch}`
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const { version, integrity } = lock.packages[`node_modules/${name}`]
  const folder = join(root, 'dist', `${name}-${version}`)
  if (existsSync(folder)) return folder
  const draft = `${folder}.draft`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  execFileSync('npm', ['pack', '--prefer-offline', `${name}@${version}`], {
    cwd: draft,
    stdio: ['ignore', 'ignore', 2],
  })
  const tarball = join(draft, `${name}-${version}.tgz`)
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
  if (found !== integrity) throw new Error(`${name}@${version} is not the package that package-lock.json pins`)
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1'], { cwd: draft })
  rmSync(tarball)
  renameSync(draft, folder)
  return folder
}
