import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { TEMPORARY } from './temporary.ts'

export interface StandInTools {
  /** Their folder. */
  folder: string
  /** A PATH with them. */
  path: string
  /** How the tools were started, in order. */
  calls(): { name: string; args: string[]; env: Record<string, string> }[]
}

/** Programs in the place of pg_dump and pg_restore, which need nothing installed. By default newer than any other. */
export async function standInPostgresTools({ major = 99, failing = '' } = {}): Promise<StandInTools> {
  const folder = await mkdtemp(join(TEMPORARY, 'authd-tools-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const log = join(folder, 'calls')
  const program = join(import.meta.dirname, 'stand-in-postgres-tool.ts')
  for (const name of ['pg_dump', 'pg_restore']) {
    const version = `[ "$1" = --version ] && echo '${name} (PostgreSQL) ${major}.1' && exit`
    const start = `exec '${process.execPath}' '${program}' ${name} '${log}' '${failing}' "$@"`
    await writeFile(join(folder, name), `#!/bin/sh\n${version}\n${start}\n`)
    await chmod(join(folder, name), 0o755)
  }
  const lines = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
  return { folder, path: `${folder}:${process.env['PATH']}`, calls: () => lines().map((line) => JSON.parse(line)) }
}
