import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { backupBeforeMigration } from '../../src/startup/backup-before-migration.ts'
import { openStore } from '../../src/startup/open-database.ts'
import { folder } from '../support/config-folder.ts'
import { freshPostgres } from '../support/postgres.ts'
import { standInPostgresTools } from '../support/stand-in-postgres-tools.ts'

/** The reason why nothing is migrated, what to do, and what is left in the folder of backups. */
async function refusalWith(searchPath: string) {
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  const dataDir = folder().path
  const config = parseConfig({ data_dir: dataDir, database: { url } })
  const db = await openStore(config, 'cli')
  onTestFinished(() => db.close())
  const refusal = await backupBeforeMigration(config, db, { now: 0, searchPath }).catch((error: unknown) => error)
  return { refusal, files: readdirSync(join(dataDir, 'backups')) }
}

test('a pg_dump that is older than the server is refused in words, and nothing is left', async () => {
  const tools = await standInPostgresTools({ major: 12 })

  const { refusal, files } = await refusalWith(tools.folder)

  expect(refusal).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/pg_dump here .* is of version 12, and the server is PostgreSQL 18\..*--no-backup/),
    suggestions: ['authd migrate up --no-backup'],
  })
  expect([files, tools.calls()]).toEqual([[], []])
})

test('without pg_dump, its package is named', async () => {
  const { refusal } = await refusalWith('/nowhere')

  expect(refusal).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('pg_dump is not on this machine. Install the client programs of PostgreSQL'),
  })
})
