import { AuthdError } from '../errors.ts'
import { type AgeIdentities, isForOtherKeys, readAgeIdentities } from '../platform/age.ts'
import { shell } from '../platform/shell.ts'
import { isEncryptedBackup } from './backup-files.ts'

/** A file with private keys of age, as an operator named it. */
export interface IdentityFile {
  path: string
  text: string
}

/** The keys for a backup, undefined for one that is not encrypted. Throws USAGE if they are missing, or of no use. */
export async function keysFor(path: string, identity: IdentityFile | undefined): Promise<AgeIdentities | undefined> {
  if (!isEncryptedBackup(path)) {
    if (identity === undefined) return undefined
    throw new AuthdError('USAGE', { message: `${path} is not encrypted. Leave --identity out.` })
  }
  if (identity === undefined) {
    throw new AuthdError('USAGE', {
      message: `${path} is encrypted. Name the file of its private key with --identity.`,
      suggestions: [shell`authd backup verify ${path} --identity=key.txt`],
    })
  }
  const keys = await readAgeIdentities(identity.text)
  if (!('badLine' in keys)) return keys
  throw new AuthdError('USAGE', {
    message: `--identity: ${identity.path}, line ${keys.badLine}: not a private key of age (AGE-SECRET-KEY-1…).`,
  })
}

/** Decrypts a backup by `work`. Throws FAILED for another's keys, and for a file that is damaged. */
export async function decrypting<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    // A full disk, for example.
    if (cause instanceof Error && 'code' in cause) throw cause
    const why = isForOtherKeys(cause)
      ? 'it is encrypted for another key than those of --identity'
      : 'it is damaged or cut'
    throw new AuthdError('FAILED', { message: `The backup ${path} cannot be restored: ${why}.`, cause })
  }
}
