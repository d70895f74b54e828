import { statSync } from 'node:fs'
import { AuthdError } from '../errors.ts'
import { shell } from '../platform/shell.ts'

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

/**
 * Reads the configuration again as the service's user, whose judgement counts. If root could read a file that the service
 * cannot, the error names what gives it access.
 */
export async function readAsOwner<Read>(dataDir: string, read: () => Read | Promise<Read>): Promise<Read> {
  becomeOwner(dataDir)
  try {
    return await read()
  } catch (error) {
    const path = error instanceof AuthdError && error.code === 'CONFIG_UNREADABLE' ? error.details?.['path'] : undefined
    if (typeof path !== 'string' || statSync(dataDir).uid !== process.getuid?.()) throw error
    const { code, message, details, cause } = error as AuthdError
    const fix = `${shell`sudo chgrp --reference=${dataDir} ${path}`} && ${shell`sudo chmod g+r ${path}`}`
    throw new AuthdError(code, { message, ...(details && { details }), suggestions: [fix], cause })
  }
}
