import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { createFileBy } from '../platform/files.ts'
import { copySqlite, isEmptySqlite } from '../store/sqlite-backup.ts'

/** How many copies are kept. */
const COPIES = 3

/**
 * Copies the SQLite file before its schema changes, and deletes all such copies but the newest three. Returns the copy's
 * path, or undefined for an empty or PostgreSQL database.
 */
export async function copySqliteFirst(
  { database: { path, url } }: { database: Pick<Config['database'], 'path' | 'url'> },
  stamp: string,
): Promise<string | undefined> {
  if (url !== undefined || isEmptySqlite(path)) return undefined
  const name = `${path}.before-migration-`
  // If the name is taken, another process has made the copy in this second.
  await createFileBy(name + stamp, (draft) => copySqlite(path, draft))
  for (const old of copiesIn(dirname(path), basename(name)).slice(0, -COPIES)) rmSync(old, { force: true })
  return name + stamp
}

/** The copy that was made before the last migration, if it is still there. */
export function newestCopy({ database: { path, url } }: { database: Pick<Config['database'], 'path' | 'url'> }) {
  return url === undefined ? copiesIn(dirname(path), `${basename(path)}.before-migration-`).at(-1) : undefined
}

/** The oldest first. A copy that an operator has renamed is not among them. */
function copiesIn(folder: string, prefix: string): string[] {
  const isCopy = (file: string) => file.startsWith(prefix) && /^[\d-]+T[\d-]+Z$/.test(file.slice(prefix.length))
  const files = readdirSync(folder).filter(isCopy).sort()
  return files.map((file) => join(folder, file))
}
