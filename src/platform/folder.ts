import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Creates a folder, and those above it that are missing. Node's own `recursive` never returns in a file system that
 * refuses a folder with ENOENT, such as /proc.
 */
export function makeFolder(path: string, mode = 0o755): void {
  const missing: string[] = []
  for (let at = resolve(path); !isFolder(at); at = dirname(at)) missing.unshift(at)
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode })
    } catch (error) {
      // Another process may have made it meanwhile.
      if (!isFolder(folder)) throw error
    }
  }
}

/** Throws ENOTDIR where a file stands in the way. */
function isFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() ?? false
}
