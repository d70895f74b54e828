import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { flushTally } from '../../src/flows/limits/rate-limit.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { eraseMore } from '../../src/flows/users/erase-events.ts'
import { countRefusal } from '../../src/store/mail-suppressions.ts'
import { enrolTotp, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode } from '../support/people.ts'
import { OPERATOR } from '../support/told.ts'

const FORMER = 'former@example.com'
const NAME = 'Ada Lovelace of Marylebone'

/** What a row may still have of a deleted user, with the reason. docs/operating.md says the same. */
const KEPT: Record<string, string> = {
  'audit_logs: user id': 'what happened stays, under an id that leads to nobody',
}

/** Fills every table that may hold something of a user. */
async function live(authd: Authd): Promise<string> {
  const { browser } = await withPasskey(authd, { email: FORMER })
  await enrolTotp(authd, browser)
  await browser.send('PATCH', '/v1/me', { json: { name: NAME } })
  await browser.post('/v1/me/email', { json: { email: ADA } })
  const code = (await authd.takeProofMail())?.values['code']
  await browser.post('/v1/me/email/confirm', { json: { code } })
  const { id } = await resolveUser(authd.deps, ADA)
  for (const email of [ADA, FORMER]) {
    const { attemptToken: attempt_token } = await askForCode(authd, email)
    await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token } })
  }
  const { attemptToken: attempt_token, code: mailed } = await askForCode(authd)
  await authd.browser().post('/v1/signin/code', { json: { code: mailed, attempt_token } })
  await authd.browser().post('/v1/signin/totp', { json: { code: '000000', attempt_token } })
  await browser.post('/v1/signin', { json: { email: ADA, deliver: 'cookie' } })
  const refusal = { address: ADA, response: '550', now: authd.clock.now(), apartMs: 1, forgetMs: 1 }
  await authd.deps.db.write((trx) => countRefusal(trx, refusal))
  await flushTally(authd.deps)
  return id
}

/** The tables and what they have of these. */
async function found(authd: Authd, traces: Record<string, string[]>): Promise<string[]> {
  return await authd.deps.db.read(async (sql) => {
    const names =
      sql.dialect === 'sqlite'
        ? await sql.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        : await sql.all<{ name: string }>(
            'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1',
          )
    const places: string[] = []
    for (const { name } of names) {
      const rows = JSON.stringify(await sql.all(`SELECT * FROM ${name}`))
      for (const [what, texts] of Object.entries(traces)) {
        if (texts.some((text) => rows.includes(text))) places.push(`${name}: ${what}`)
      }
    }
    return places
  })
}

const digestsOf = (text: string) =>
  (['hex', 'base64', 'base64url'] as const).flatMap((form) =>
    ['sha1', 'sha256', 'sha512'].map((kind) => createHash(kind).update(text).digest(form)),
  )

test.each(['sqlite', 'postgres'] as const)(
  'SECURITY: of a deleted user no table has more than what is declared (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const id = await live(authd)
    const traces = {
      address: [ADA],
      'former address': [FORMER],
      name: [NAME],
      'user id': [id],
      digest: [ADA, FORMER, NAME, id].flatMap(digestsOf),
    }
    const before = await found(authd, traces)

    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))
    const waiting = await found(authd, traces)
    await authd.takeMail()
    while (await eraseMore(authd.deps)) {
      // Goes on until all is erased.
    }

    const tables = ['audit_logs', 'failed_attempts', 'outbox', 'rate_limits', 'signin_attempts', 'users']
    expect(before.map((place) => place.split(':')[0])).toEqual(expect.arrayContaining(tables))
    // Mails about the deletion wait until they are sent.
    expect(waiting.filter((place) => !place.startsWith('outbox: '))).toEqual(Object.keys(KEPT))
    expect(await found(authd, traces)).toEqual(Object.keys(KEPT))
  },
)

test('SECURITY: the file of the database has nothing of a deleted user, also in its free parts', async () => {
  const authd = await startAuthd()
  await live(authd)
  const path = (await authd.deps.db.read((sql) => sql.one<{ file: string }>('PRAGMA database_list')))?.file ?? ''
  const isInFile = () => [ADA, FORMER, NAME].filter((text) => readFileSync(path).includes(text))
  const checkpoint = () => {
    const other = new DatabaseSync(path)
    other.exec('PRAGMA wal_checkpoint(FULL)')
    other.close()
  }
  checkpoint()
  const before = isInFile()

  await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))
  await authd.takeMail()
  checkpoint()

  expect([before.length, isInFile()]).toEqual([3, []])
})
