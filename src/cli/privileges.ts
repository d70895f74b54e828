import { statSync } from 'node:fs'

/**
 * As root, becomes the owner of the data folder before it opens or creates a file, because SQLite's files must belong to
 * the service. Does nothing for other users, or if root owns the folder or the folder does not exist.
 */
export function becomeOwner(dataDir: string): void {
  if (process.getuid?.() !== 0) return
  const owner = statSync(dataDir, { throwIfNoEntry: false })
  if (!owner || owner.uid === 0) return
  process.setgroups?.([owner.gid])
  process.setgid?.(owner.gid)
  process.setuid?.(owner.uid)
}
