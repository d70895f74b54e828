import { statSync } from 'node:fs'

/**
 * As root, becomes the owner of the data folder before any file is opened or made: SQLite's files must stay the
 * service's own. Elsewhere, and for a folder of root's own or not there yet, nothing changes.
 */
export function becomeOwner(dataDir: string): void {
  if (process.getuid?.() !== 0) return
  const owner = statSync(dataDir, { throwIfNoEntry: false })
  if (!owner || owner.uid === 0) return
  process.setgroups?.([owner.gid])
  process.setgid?.(owner.gid)
  process.setuid?.(owner.uid)
}
