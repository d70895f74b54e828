import { realpathSync } from 'node:fs'
import { Flags } from '@oclif/core'
import { AuthdError } from '../../errors.ts'

const NAME = /^[a-z][a-z0-9_-]{0,30}$/

async function parseName(text: string): Promise<string> {
  if (NAME.test(text)) return text
  throw new AuthdError('USAGE', {
    message: `"${text}" is no name: lower-case letters, digits, - and _, such as authd-2.`,
  })
}

export const serviceFlags = {
  name: Flags.string({ default: 'authd', parse: parseName, description: 'What the service is called.' }),
  user: Flags.string({ parse: parseName, description: 'As whom it runs; by default the same name.' }),
  root: Flags.string({ default: '/', description: 'Below this folder, for an image; nothing is called then.' }),
}

/** What the unit starts: the built file itself, or bin/authd.js of the source. */
export function programPath(): string {
  const [node = '', script = ''] = process.argv
  return realpathSync(script.endsWith('authd.js') ? script : node)
}
