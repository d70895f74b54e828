import { globSync } from 'node:fs'
import { delimiter } from 'node:path'
import { Args, Flags } from '@oclif/core'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { type BackupFiles, removeLeftCopies } from '../startup/backup-files.ts'
import { completing } from './completion/offer.ts'
import type { Output } from './output/output.ts'
import { readInput } from './stdin.ts'

export const folderFlag = {
  folder: completing(
    'files',
    Flags.string({ description: 'Folder of the backups. Defaults to backups in the data folder.' }),
  ),
}

export const backupArg = {
  backup: completing(
    'backups',
    Args.string({ required: true, description: 'Name of a backup, or the path of its file.' }),
  ),
}

export const identityFlag = {
  identity: completing(
    'files',
    Flags.string({ description: 'File with the private key of an encrypted backup; - reads stdin.' }),
  ),
}

/** Read before root's rights are dropped. */
export async function readIdentity({ identity }: { identity?: string | undefined }) {
  if (identity === undefined) return undefined
  // An error about a file that cannot be read would show it.
  if (/AGE-SECRET-KEY-/i.test(identity)) {
    throw new AuthdError('USAGE', {
      message: '--identity: is a private key. Write it into a file and name that file, or use - for stdin.',
    })
  }
  return { path: identity, text: await readInput(identity) }
}

/** Where packages put the programs of each version of PostgreSQL. */
const PACKAGED = ['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin']

/** Where the programs of PostgreSQL may be. */
export function searchPath(): string {
  return [...globSync(PACKAGED), process.env['PATH'] ?? ''].join(delimiter)
}

/** Deletes what backups and restores left that were killed, and says so. */
export function removeLeft(config: Config, folder: string, out: Pick<Output, 'hint'>): void {
  for (const path of removeLeftCopies(config, folder)) {
    out.hint(`Deleted ${path}, the unfinished copy of a command that was killed.`)
  }
}

export function presentBackup({ name, path, bytes, hasSecret, isEncrypted, about }: BackupFiles) {
  const { created_at, schema, rows } = about
  const known = { schema, users: rows['users'] ?? null }
  return { name, path, created_at, bytes, with_secret: hasSecret, encrypted: isEncrypted, ...known }
}
