import { readFileSync } from 'node:fs'
import { Flags } from '@oclif/core'
import { AuthdError } from '../errors.ts'

/** A secret is never an argument: those can be seen by everybody on the machine. */
export const secretFlags = {
  'secret-file': Flags.string({ description: 'File with your own secret; - reads stdin.' }),
}

export function readSecret({ 'secret-file': path }: { 'secret-file'?: string | undefined }): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8').trim()
  } catch (cause) {
    throw new AuthdError('NO_INPUT', { message: `--secret-file: ${path} cannot be read.`, cause })
  }
}
