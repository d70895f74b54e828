import { Flags } from '@oclif/core'
import { completing } from './completion/offer.ts'
import { readInput } from './stdin.ts'

/** A secret is never an argument, because every user of the machine can list those. */
export const secretFlags = {
  'secret-file': completing('files', Flags.string({ description: 'File with your own secret; - reads stdin.' })),
}

export async function readSecret(flags: { 'secret-file'?: string | undefined }): Promise<string | undefined> {
  const path = flags['secret-file']
  return path === undefined ? undefined : (await readInput(path)).trim()
}
