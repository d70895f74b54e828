import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { copySqliteFirst } from '../../src/startup/copy-sqlite-first.ts'
import { TEMPORARY } from '../support/temporary.ts'

const PAGE_BYTES = 4096

/** A database with an index that has lost an entry: it can be read, but it is damaged. */
function damagedDatabase(folder: string): string {
  const path = join(folder, 'authd.db')
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT); CREATE INDEX by_email ON users (email)')
  database.exec("INSERT INTO users VALUES ('usr_1', 'ada@example.com'), ('usr_2', 'bob@example.com')")
  const row = database.prepare("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'by_email'").get()
  database.close()
  const bytes = readFileSync(path)
  // The number of cells of the page, at offset 3 of its header (SQLite file format §1.6).
  bytes.writeUInt16BE(1, (Number(row?.['page']) - 1) * PAGE_BYTES + 3)
  writeFileSync(path, bytes)
  return path
}

test('a damaged copy does not count as a backup before a migration', async () => {
  const folder = mkdtempSync(join(TEMPORARY, 'authd-backup-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = damagedDatabase(folder)

  const copying = copySqliteFirst({ database: { path, url: undefined } }, '2026-11-29T00-00-00Z')

  await expect(copying).rejects.toThrow(/The backup is damaged/)
  expect(readdirSync(folder)).toEqual(['authd.db'])
})
