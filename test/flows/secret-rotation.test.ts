import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Deps } from '../../src/deps.ts'
import {
  beginRotation,
  cancelRotation,
  finishRotation,
  type Rotating,
  resealAll,
} from '../../src/flows/operator/secret-rotation.ts'
import { addWebhook, rotateWebhookSecret } from '../../src/flows/outbox/webhook-endpoint.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { claimServerSecret, closable } from '../../src/flows/server-secret.ts'
import { announceNode } from '../../src/flows/upkeep/node.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { keysFrom } from '../../src/platform/derived-keys.ts'
import type { Sql } from '../../src/store/db.ts'
import { listSealed, SEALED_PLACES } from '../../src/store/sealed-values.ts'
import { describeOnBoth } from '../support/databases.ts'
import { Died, dyingAt } from '../support/dying.ts'
import { enrolTotp, totpCode } from '../support/factors.ts'
import { type Authd, startAuthd, TEST_SECRET } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { askForCode, signInForTokens, signInOnPage } from '../support/people.ts'
import { addUser } from '../support/rows.ts'

const NEW_SECRET = 'another server secret, of 32 bytes or more'
const CONFIG = { public_url: 'https://auth.example.com', session: { cookie_domain: 'example.com' } }

function rotatingOf({ random }: Pick<Deps, 'random'>, to = NEW_SECRET): Rotating {
  return { from: keysFrom(Buffer.from(TEST_SECRET), random), to: keysFrom(Buffer.from(to), random) }
}

async function rotate(deps: Deps, rotating = rotatingOf(deps)): Promise<void> {
  if ((await beginRotation(deps, rotating)) === 'done') return
  const { values } = await resealAll(deps, rotating, { isDry: false })
  await finishRotation(deps, SYSTEM, { rotating, values })
}

/** Every sealed value, opened. */
async function opened(sql: Sql, keys: Deps['keys']): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const place of SEALED_PLACES) {
    const { table, column, sealedAs = column } = place
    for (const { id, sealed } of await listSealed(sql, place, { after: '', limit: 1000 })) {
      if (sealed !== null) found[`${table}.${column} ${id}`] = keys.open({ table, column: sealedAs, rowId: id }, sealed)
    }
  }
  return found
}

/** Something in every place that is sealed. */
async function furnish(authd: Authd) {
  const { deps } = authd
  const tokens = await signInForTokens(authd, 'grace@example.com')
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { secret } = await enrolTotp(authd, browser)
  await browser.post('/v1/me/totp')
  const { endpoint } = await addWebhook(deps, SYSTEM, {
    ...{ url: 'https://app.example.com/events', description: '', events: ['*'], allowsPrivate: false },
  })
  await rotateWebhookSecret(deps, SYSTEM, { id: endpoint.id, overlapMs: 60 * MINUTE })
  const open = await askForCode(authd, 'alan@example.com')
  await authd.browser().post('/v1/signin', { json: { email: 'eve@example.com' } })
  const check = `__Secure-authd-check=${browser.cookies.get('__Secure-authd-check')}`
  return { tokens, secret, open, check }
}

const checkedBy = async ({ address }: Authd, Cookie: string) =>
  (await exchange(`${address}/v1/session`, { method: 'GET', headers: { Cookie, Host: 'auth.example.com' } })).status

describe.each(['sqlite', 'postgres'] as const)('a new server secret, on %s', (database) => {
  test('opens everything, signs nobody out, and leaves mailed codes and the cookie for other hosts valid', async () => {
    const authd = await startAuthd({ database, config: CONFIG })
    const { tokens, secret, open, check } = await furnish(authd)
    const before = await authd.deps.db.read((sql) => opened(sql, authd.deps.keys))

    await rotate(authd.deps)

    const after = await authd.another({}, { secret: NEW_SECRET })
    expect(await after.deps.db.read((sql) => opened(sql, after.deps.keys))).toEqual(before)
    expect(new Set(Object.keys(before).map((name) => name.split(' ')[0]))).toEqual(
      new Set(SEALED_PLACES.map(({ table, column }) => `${table}.${column}`)),
    )
    const refreshed = await after.browser().post('/v1/token/refresh', { json: { refresh_token: tokens.refreshToken } })
    const withCode = { attempt_token: open.attemptToken, code: open.code }
    const code = await after.browser().post('/v1/signin/code', { json: withCode })
    expect([refreshed.status, code.body.status, await checkedBy(after, check)]).toEqual([200, 'complete', 200])
    after.clock.advance(2 * MINUTE)
    const { attemptToken, code: mailed } = await askForCode(after)
    await after.browser().post('/v1/signin/code', { json: { attempt_token: attemptToken, code: mailed } })
    const json = { attempt_token: attemptToken, code: totpCode(after, secret) }
    expect((await after.browser().post('/v1/signin/totp', { json })).body.status).toBe('complete')
    expect((await after.auditLog()).filter(({ eventType }) => eventType === 'server_secret.rotated')).toHaveLength(1)
  })

  test('SECURITY: the former secret opens nothing any more, and a process with it is refused', async () => {
    const authd = await startAuthd({ database, config: CONFIG })
    await furnish(authd)
    const former = keysFrom(Buffer.from(TEST_SECRET), authd.deps.random)

    await rotate(authd.deps)

    await expect(claimServerSecret({ ...authd.deps, keys: former })).rejects.toMatchObject({ code: 'SECRET_MISMATCH' })
    await expect(authd.deps.db.read((sql) => opened(sql, former))).rejects.toThrow()
  })

  test('killed at any unit and run again, it ends as one run would', async () => {
    const authd = await startAuthd({ database, config: CONFIG })
    await furnish(authd)
    const rotating = rotatingOf(authd.deps)
    const before = await authd.deps.db.read((sql) => opened(sql, authd.deps.keys))
    let deaths = 0
    for (let at = 1; ; at += 1) {
      try {
        await rotate({ ...authd.deps, db: dyingAt(authd.deps.db, at) }, rotating)
        break
      } catch (error) {
        if (!(error instanceof Died)) throw error
        deaths += 1
      }
    }

    const after = await authd.another({}, { secret: NEW_SECRET })
    expect(await after.deps.db.read((sql) => opened(sql, after.deps.keys))).toEqual(before)
    expect(deaths).toBeGreaterThan(5)
  })

  test('while it is unfinished, no process with either secret begins, and no daemon announces itself', async () => {
    const { deps } = await startAuthd({ database })
    const { from, to } = rotatingOf(deps)
    const node = { id: 'node_1', host: 'a', pid: 1, version: '0', address: '', startedAt: 0 }
    const refused = { code: 'SECRET_MISMATCH', message: expect.stringContaining('not finished') }

    await beginRotation(deps, { from, to })

    await expect(claimServerSecret({ ...deps, keys: from })).rejects.toMatchObject(refused)
    await expect(claimServerSecret({ ...deps, keys: to })).rejects.toMatchObject(refused)
    await expect(announceNode(deps, node)).rejects.toMatchObject(refused)
    await cancelRotation(deps, { from, to })
    await claimServerSecret({ ...deps, keys: from })
    await announceNode(deps, node)
  })

  test('SECURITY: who had the former secret before it was rotated announces nothing, and writes nothing as a command', async () => {
    const { deps } = await startAuthd({ database })
    const former = keysFrom(Buffer.from(TEST_SECRET), deps.random)
    const node = { id: 'node_1', host: 'a', pid: 1, version: '0', address: '', startedAt: 0 }
    const command = closable(deps.db, former)
    const write = () => addUser(command, deps.random.id('usr'))
    const { from, to } = rotatingOf(deps)
    await write()
    await beginRotation(deps, { from, to })
    const refused = { code: 'SECRET_MISMATCH' }
    await expect(write()).rejects.toMatchObject(refused)
    await cancelRotation(deps, { from, to })

    await rotate(deps)

    await expect(write()).rejects.toMatchObject(refused)
    await expect(announceNode({ ...deps, keys: former }, node)).rejects.toMatchObject(refused)
    expect(await deps.db.read((sql) => sql.all('SELECT id FROM users'))).toHaveLength(1)
  })

  test('a third secret is refused in the middle, and so is a database of another one', async () => {
    const { deps } = await startAuthd({ database })
    const third = rotatingOf(deps, 'a third server secret, of 32 bytes or more')
    await beginRotation(deps, rotatingOf(deps))

    await expect(beginRotation(deps, third)).rejects.toMatchObject({ code: 'SECRET_MISMATCH' })
    await expect(beginRotation(deps, { from: third.to, to: third.from })).resolves.toBe('done')
    await expect(beginRotation(deps, { from: third.to, to: rotatingOf(deps).to })).rejects.toMatchObject({
      code: 'SECRET_MISMATCH',
    })
  })

  test('a value that neither secret opens is named and left alone', async () => {
    const { deps } = await startAuthd({ database })
    const { endpoint } = await addWebhook(deps, SYSTEM, {
      ...{ url: 'https://app.example.com/events', description: '', events: ['*'], allowsPrivate: false },
    })
    await deps.db.write((trx) => trx.run("UPDATE webhook_endpoints SET secret_sealed = '1.AAAA'"))

    const { unreadable } = await resealAll(deps, rotatingOf(deps), { isDry: false })

    expect(unreadable).toEqual([`webhook_endpoints ${endpoint.id}`])
  })
})

describeOnBoth('the list of sealed values', (open) => {
  test('has every column that is named so', async () => {
    const db = await open()
    const columns = await db.read((sql) =>
      sql.all<{ name: string }>(
        sql.dialect === 'sqlite'
          ? "SELECT m.name || '.' || c.name AS name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name LIKE '%sealed%'"
          : "SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND column_name LIKE '%sealed%'",
      ),
    )

    expect(columns.map(({ name }) => name).toSorted()).toEqual(
      SEALED_PLACES.map(({ table, column }) => `${table}.${column}`).toSorted(),
    )
  })
})

test('every seal in the sources names a place of the list, or what a rotation carries', () => {
  const root = join(import.meta.dirname, '../../src')
  const sources = globSync('**/*.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'))
  const said = sources.flatMap((text) => [...text.matchAll(/table: '(\w+)', column: '(\w+)', rowId/g)])

  const named = new Set(said.map(([, table, column]) => `${table}.${column}`))

  expect([...named].toSorted()).toEqual(
    [...new Set(SEALED_PLACES.map(({ table, column, sealedAs = column }) => `${table}.${sealedAs}`))]
      .concat('system_config.value')
      .toSorted(),
  )
})
