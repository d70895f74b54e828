import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AuthdError } from '../errors.ts'
import { shell } from '../platform/shell.ts'
import type { Environment } from './env-layer.ts'
import { STDIN } from './layer.ts'

/** The number of the user who owns a file. Undefined without the file. */
export type OwnerOf = (file: string) => number | undefined

export const ownerOnDisk: OwnerOf = (file) => statSync(file, { throwIfNoEntry: false })?.uid

export interface DiscoveryContext {
  env: Environment
  cwd: string
  /** The value of `--config`. */
  configPath: string | undefined
  /** `/etc/authd`, except in tests. */
  systemDir: string
}

export interface Searched {
  path: string
  why: '--config' | 'AUTHD_CONFIG' | 'system' | 'user' | 'working directory'
  exists: boolean
}

/** The searched files in order. The first that exists is used. A named file is the only one. */
export function searchConfig({ env, cwd, configPath, systemDir }: DiscoveryContext): Searched[] {
  const named = configPath ?? (env['AUTHD_CONFIG'] || undefined)
  if (named !== undefined) {
    const path = named === STDIN ? STDIN : resolve(cwd, named)
    const why = configPath === undefined ? 'AUTHD_CONFIG' : '--config'
    return [{ path, why, exists: path === STDIN || exists(path) }]
  }
  const home = env['XDG_CONFIG_HOME'] || (env['HOME'] && join(env['HOME'], '.config'))
  const places: Omit<Searched, 'exists'>[] = [
    { path: join(systemDir, 'config.toml'), why: 'system' },
    ...(home ? [{ path: join(home, 'authd', 'config.toml'), why: 'user' } as const] : []),
    { path: join(cwd, 'config.toml'), why: 'working directory' },
  ]
  return places.map((place) => ({ ...place, exists: exists(place.path) }))
}

/**
 * For root, a file in the working directory, or in a home directory that sudo kept, must belong to root, because anyone
 * could have put it there. The same applies to the `.env` beside it.
 */
export function refuseForeignOwner(
  { path, why }: Searched,
  { uid, ownerOf }: { uid: number | undefined; ownerOf: OwnerOf },
): void {
  if (uid !== 0 || (why !== 'working directory' && why !== 'user')) return
  for (const file of [path, envFileBeside(path)]) {
    const owner = ownerOf(file)
    if (owner === undefined || owner === 0) continue
    throw new AuthdError('CONFIG_UNREADABLE', {
      message: `${file} belongs to user ${owner}. root reads only its own files here. Nothing was read.`,
      suggestions: [shell`authd --config ${path}`, shell`chown root ${file}`],
    })
  }
}

export function envFileBeside(path: string): string {
  return join(dirname(path), '.env')
}

/** An inaccessible file counts as existing, so it is reported as unreadable and not skipped. */
function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
