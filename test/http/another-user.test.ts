import { describe, expect, test } from 'vitest'
import { allEndpoints } from '../../src/http/app.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { deviceFor, enrolPasskey, signInWithPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const LIFECYCLE = { version: '', startedAt: 0, isStopping: () => false, isDevelopment: false }
/** Routes whose ids do not belong to a user. */
const PUBLIC = ['/problems/:name']

/** admin.test.ts covers the routes of the admin API. */
const ROUTES = [...allEndpoints(LIFECYCLE), ...PAGES]
  .filter(({ path }) => path.includes(':') && !PUBLIC.includes(path) && !path.startsWith('/admin/'))
  .map(({ method, path }) => ({ method, path }))

/** The ids of a user's things, by the folder of the path that takes them. */
async function ownIds(authd: Authd) {
  const browser = authd.browser()
  await signInOnPage(authd, browser, ADA)
  const device = deviceFor(authd)
  const added = await enrolPasskey(browser, device)
  const { body } = await browser.get('/v1/session')
  return { browser, device, ids: { passkeys: added.body.passkey.id as string, sessions: body.session.id as string } }
}

async function everythingOf(authd: Authd): Promise<unknown> {
  const tables = ['users', 'sessions', 'passkeys']
  return await authd.deps.db.read((sql) =>
    Promise.all(
      tables.map((table) =>
        sql.all(
          `SELECT * FROM ${table} WHERE ${table === 'users' ? 'id' : 'user_id'} IN (
          SELECT id FROM users WHERE email = ?) ORDER BY id`,
          [ADA],
        ),
      ),
    ),
  )
}

describe('with the id of another user', () => {
  test.each(ROUTES)('$method $path reveals nothing and changes nothing', async ({ method, path }) => {
    const authd = await startAuthd()
    const { ids } = await ownIds(authd)
    const other = authd.browser()
    await signInOnPage(authd, other, 'bob@example.com')
    const before = await everythingOf(authd)
    const folder = path.split('/').at(path.split('/').findIndex((part) => part.startsWith(':')) - 1) ?? ''
    const theirs = path.replace(':id', ids[folder as keyof typeof ids] ?? `no id is known for ${folder}`)
    const sent = path.startsWith('/v1/') ? { json: { name: 'mine' } } : { form: { name: 'mine' } }

    const reply = await other.send(method, theirs, method === 'POST' || method === 'PATCH' ? sent : {})

    const isTurnedAway = reply.status === 404 || reply.headers.get('Location') === '/account'
    expect({ status: reply.status, isTurnedAway }).toMatchObject({ isTurnedAway: true })
    expect(reply.body).not.toContain?.(ADA)
    expect(await everythingOf(authd)).toEqual(before)
  })

  test('a list has exactly the user’s own entries', async () => {
    const authd = await startAuthd()
    const { browser, device, ids } = await ownIds(authd)
    await signInWithPasskey(authd.browser(), device)
    const other = authd.browser()
    await signInOnPage(authd, other, 'bob@example.com')

    const own = (await browser.get('/v1/me/sessions')).body.map(({ id }: { id: string }) => id)
    expect(own).toHaveLength(2)
    expect(own).toContain(ids.sessions)
    expect((await browser.get('/v1/me/passkeys')).body).toMatchObject([{ id: ids.passkeys }])
    expect((await other.get('/v1/me/sessions')).body).toHaveLength(1)
    expect((await other.get('/v1/me/passkeys')).body).toEqual([])
  })
})
