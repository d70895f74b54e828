import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { AuthdError } from '../errors.ts'
import { HOUR } from '../platform/clock.ts'

const VERSION_MS = 5000
/** A database of many users takes hours. A tool that waits for a dead server ends with this. */
const LONGEST_MS = 12 * HOUR

/** A program of PostgreSQL. */
export interface PostgresTool {
  name: 'pg_dump' | 'pg_restore'
  path: string
  /** Its version. */
  major: number
}

/** The newest of those in `searchPath`, whose folders have colons between. Throws UNAVAILABLE if there is none. */
export function findPostgresTool(name: PostgresTool['name'], searchPath: string): PostgresTool {
  const folders = searchPath.split(delimiter).filter((folder) => folder.startsWith('/'))
  const found = folders.flatMap((folder) => toolAt(name, join(folder, name)))
  const [newest] = found.toSorted((one, other) => other.major - one.major)
  if (newest !== undefined) return newest
  throw new AuthdError('UNAVAILABLE', {
    message: `${name} is not on this machine. Install the client programs of PostgreSQL, on Debian postgresql-client.`,
  })
}

function toolAt(name: PostgresTool['name'], path: string): PostgresTool[] {
  try {
    const said = execFileSync(path, ['--version'], {
      ...{ encoding: 'utf8', env: {}, timeout: VERSION_MS },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [, major] = /\(PostgreSQL\) (\d+)/.exec(said) ?? []
    return major === undefined ? [] : [{ name, path, major: Number(major) }]
  } catch {
    // It is not there, or is not for this machine.
    return []
  }
}

/** Runs it to its end, and gives each line that it prints. Throws FAILED with what it says is wrong. */
export async function runPostgresTool(
  { name, path }: PostgresTool,
  args: string[],
  { env, onLine = () => {} }: { env: Record<string, string>; onLine?: (line: string) => void },
): Promise<void> {
  const child = spawn(path, args, {
    ...{ env: { LC_ALL: 'C', ...env }, timeout: LONGEST_MS },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = () => void child.kill()
  process.once('exit', end)
  try {
    const lines = createInterface({ input: child.stdout }).on('line', onLine)
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close'), once(lines, 'close')])
    if (code === 0) return
    throw new AuthdError('FAILED', { message: `${name} failed: ${faultIn(said) ?? `exit code ${code}`}` })
  } finally {
    process.off('exit', end)
  }
}

/** The first line that is an error, without the program's name. */
function faultIn(said: string): string | undefined {
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  const first = lines.find((line) => line.includes('error: ')) ?? lines[0]
  return first?.replace(/^.*?error: /, '')
}
