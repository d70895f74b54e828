import { execFileSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

/** The newest PostgreSQL that a package has installed, with its server and its tools. Tests of backups run where it is. */
export const INSTALLED_POSTGRES = globSync('/usr/lib/postgresql/*/bin')
  .filter((programs) =>
    ['initdb', 'postgres', 'pg_dump', 'pg_restore'].every((name) => existsSync(join(programs, name))),
  )
  .map((programs) => {
    const said = execFileSync(join(programs, 'pg_dump'), ['--version'], { encoding: 'utf8' })
    return { programs, major: Number(/\) (\d+)/.exec(said)?.[1]) }
  })
  .toSorted((one, other) => other.major - one.major)[0]
