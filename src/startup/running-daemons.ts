import { existsSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import { checkSchema } from '../flows/operator/schema.ts'
import { listNodes, type SeenNode } from '../flows/upkeep/node.ts'
import { type Clock, systemClock } from '../platform/clock.ts'
import { shell } from '../platform/shell.ts'
import type { Db } from '../store/db.ts'
import { withStore } from './open-database.ts'
import { holdSqliteFile } from './restore.ts'

/** Throws DATABASE_BUSY while a daemon runs or, with SQLite, any other command. */
export async function refuseRunning(config: Config): Promise<void> {
  const { path, url } = config.database
  if (url === undefined) {
    if (existsSync(path)) holdSqliteFile(path).release()
    return
  }
  const nodes = await withStore(config, async (db) => ((await checkSchema(db)).isEmpty ? [] : await nodesOf(db)))
  if (nodes.length === 0) return
  const where = nodes.map(({ host, pid }) => `${host} (process ${pid})`).join(', ')
  throw new AuthdError('DATABASE_BUSY', {
    message: `A daemon runs on ${where}. Stop all of them first. One that was killed counts for 30 seconds.`,
    suggestions: [shell`sudo systemctl stop authd.socket authd.service`],
  })
}

/** Throws SCHEMA_OUTDATED for a database that needs migrations, and SCHEMA_NEWER. */
export async function refuseOutdated(db: Db): Promise<void> {
  const { pending } = await checkSchema(db)
  if (pending.length === 0) return
  throw new AuthdError('SCHEMA_OUTDATED', {
    message: `The database needs migrations first (${pending.join(', ')}).`,
    suggestions: ['authd migrate up'],
  })
}

/** By the clocks of this machine and of the database, because one of them may be wrong. */
export async function nodesOf(db: Db, clock: Clock = systemClock): Promise<SeenNode[]> {
  const times = [clock.now(), (await db.time()) ?? clock.now()]
  const seen = await Promise.all(times.map((at) => listNodes({ db, clock: { now: () => at } })))
  return [...new Map(seen.flat().map((node) => [node.id, node])).values()]
}
