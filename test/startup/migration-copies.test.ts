import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { copySqliteFirst } from '../../src/startup/copy-sqlite-first.ts'
import { TEMPORARY } from '../support/temporary.ts'

test('of the copies before migrations the newest three are kept, and nothing else is deleted', async () => {
  const folder = mkdtempSync(join(TEMPORARY, 'authd-copies-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'authd.db')
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE users (id text)')
  database.close()
  const others = ['other.db.before-migration-2020-01-01T00-00-00Z', 'authd.db.before-migration-kept-by-me']
  for (const name of others) writeFileSync(join(folder, name), '')
  const copy = (year: number) => copySqliteFirst({ database: { path, url: undefined } }, `${year}-01-01T00-00-00Z`)

  await copy(2026)
  await copy(2027)
  await copy(2028)
  const newest = await copy(2029)

  const copies = [2027, 2028, 2029].map((year) => `authd.db.before-migration-${year}-01-01T00-00-00Z`)
  expect(newest).toBe(join(folder, 'authd.db.before-migration-2029-01-01T00-00-00Z'))
  expect(readdirSync(folder).sort()).toEqual(['authd.db', ...copies, ...others].sort())
})
