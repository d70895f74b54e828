import { resolve } from 'node:path'
import { AuthdError } from '../errors.ts'
import { BadPostgresUrl, parsePostgresUrl } from '../platform/net/postgres-url.ts'
import type { DatabasePlace } from '../startup/copy-database.ts'
import { readInput } from './stdin.ts'

const POSTGRES = /^postgres(ql)?:/i

/** Every user of the machine can list the arguments of a command. Throws USAGE, with the command that reads a file. */
export function refusePassword(flag: string, value: string | undefined, instead: string): void {
  if (value === undefined || !POSTGRES.test(value)) return
  // Also a URL that cannot be parsed, and a parameter of any name that begins so, such as sslpassword.
  const rest = decoded(value.replace(/^[^:]*:/, ''))
  const hasPassword = /:.*@/s.test(rest) || /[?&][^=]*pass/i.test(rest)
  if (!hasPassword) return
  throw new AuthdError('USAGE', {
    message: `--${flag}: A password is never an argument, because every user of this machine can list those. Write the URL into a file that only you can read.`,
    suggestions: [instead],
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** With what the configuration says about it under [database]. */
type NamedPlace = DatabasePlace & { setting: string }

/** The database that `--to` or `--to-url-file` names. Throws USAGE or NO_INPUT. */
export async function readDatabasePlace({
  to,
  'to-url-file': file,
}: {
  to?: string | undefined
  'to-url-file'?: string | undefined
}): Promise<NamedPlace> {
  refusePassword('to', to, 'authd db copy --to-url-file /etc/authd/database-url')
  if (file !== undefined) {
    const setting =
      file === '-' ? 'url_file = "…", a file with this URL' : `url_file = ${JSON.stringify(resolve(file))}`
    return placeAt('--to-url-file', (await readInput(file)).trim(), setting)
  }
  if (to === undefined) {
    throw new AuthdError('USAGE', {
      message: 'Name the other database with --to or --to-url-file.',
      suggestions: ['authd db copy --to-url-file /etc/authd/database-url'],
    })
  }
  if (POSTGRES.test(to)) return placeAt('--to', to, `url = ${JSON.stringify(to)}`)
  const path = resolve(to.replace(/^sqlite:/, ''))
  return { path, name: path, setting: `path = ${JSON.stringify(path)}, and no url` }
}

function placeAt(flag: string, url: string, setting: string): NamedPlace {
  try {
    const { servers, database } = parsePostgresUrl(url)
    const where = servers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')
    return { url, setting, name: `PostgreSQL at ${where}, database ${database}` }
  } catch (error) {
    if (!(error instanceof BadPostgresUrl)) throw error
    throw new AuthdError('USAGE', { message: `${flag}: The URL ${error.message}. ${error.suggestion}.` })
  }
}
