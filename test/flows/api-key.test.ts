import { expect, test } from 'vitest'
import { ADMIN_SCOPES, createApiKey, ROLES } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { startAuthd } from '../support/harness.ts'

const ADMIN = allEndpoints({ version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }).filter(
  ({ path }) => path.startsWith('/admin/'),
)

/** The routes of the admin API that a key with these scopes may not call. */
async function refusedTo(scopes: (typeof ADMIN_SCOPES)[number][]): Promise<string[]> {
  const authd = await startAuthd()
  const { token: bearer } = await createApiKey(authd.deps, SYSTEM, { name: 'test', scopes, expiresAt: null })
  const refused: string[] = []
  for (const { method, path } of ADMIN) {
    const { status } = await authd.browser().send(method, path.replace(/:\w+/, 'x'), { bearer })
    if (status === 403) refused.push(`${method} ${path}`)
  }
  return refused
}

test('a viewer reads everything and changes nothing', async () => {
  const refused = await refusedTo([...ROLES.viewer])

  expect(refused).toEqual(ADMIN.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`))
})

test('support reads and changes users and sessions, and reads mail and the audit log', async () => {
  const refused = await refusedTo([...ROLES.support])

  const own = /^(?:\S+ \/admin\/(?:users|sessions|stats|lockouts)|GET \/admin\/(?:audit|mail|suppressions))(?:\/|$)/
  expect(refused.filter((route) => own.test(route))).toEqual([])
  expect(refused).toEqual(ADMIN.map(({ method, path }) => `${method} ${path}`).filter((route) => !own.test(route)))
})

test('an admin may call every route of the admin API', async () => {
  expect(ROLES.admin).toEqual(ADMIN_SCOPES)
  expect(await refusedTo([...ROLES.admin])).toEqual([])
})

test.each(ADMIN_SCOPES)('a key with the scope %s may call only its routes', async (scope) => {
  const refused = await refusedTo([scope])

  const others = ADMIN.filter(({ guard }) => typeof guard !== 'object' || guard.scope !== scope)
  expect(refused).toEqual(others.map(({ method, path }) => `${method} ${path}`))
})
