import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

const NEEDED = ['initdb', 'postgres', 'pg_dump', 'pg_restore']

/** A PostgreSQL that a package has installed, with its server and its tools. Throws without one. */
export function installedPostgres(): { programs: string } {
  const [programs] = globSync('/usr/lib/postgresql/*/bin')
    .filter((folder) => NEEDED.every((name) => existsSync(join(folder, name))))
    .toSorted((one, other) => other.localeCompare(one, 'en', { numeric: true }))
  if (programs === undefined) throw new Error('needs PostgreSQL and its tools: apt-get install postgresql')
  return { programs }
}
