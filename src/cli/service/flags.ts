import { realpathSync } from 'node:fs'
import { Flags } from '@oclif/core'
import { AuthdError } from '../../errors.ts'
import { completing } from '../completion/offer.ts'

const NAME = /^[a-z][a-z0-9_-]{0,30}$/

async function parseName(text: string): Promise<string> {
  if (NAME.test(text)) return text
  throw new AuthdError('USAGE', {
    message: `"${text}" is not a service name. Use lower-case letters, digits, - and _, such as authd-2.`,
  })
}

export const serviceFlags = {
  name: Flags.string({ default: 'authd', parse: parseName, description: 'Name of the service.' }),
  user: completing(
    [],
    Flags.string({ parse: parseName, description: 'System user that runs it. Defaults to the name.' }),
  ),
  root: completing(
    'files',
    Flags.string({ default: '/', description: 'Write below this folder, for an image. Nothing is started.' }),
  ),
}

/** Throws FAILED for a program in a folder that ProtectHome= of the unit hides from the service. */
export function refuseHiddenProgram(program: string): void {
  const folder = ['/home', '/root', '/run/user'].find((hidden) => program.startsWith(`${hidden}/`))
  if (folder === undefined) return
  throw new AuthdError('FAILED', {
    message: `The program ${program} is in ${folder}, which the unit hides from the service. Install it in another folder first. Nothing was changed.`,
    suggestions: ['sudo ./install.sh', 'sudo authd service install --now'],
  })
}

/** The program that the unit starts: the built file, or bin/authd.js of the source. */
export function programPath(): string {
  const [node = '', script = ''] = process.argv
  return realpathSync(script.endsWith('authd.js') ? script : node)
}
