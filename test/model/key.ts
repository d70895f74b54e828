import { expect } from 'vitest'
import { createApiKey, endApiKey, type Scope } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { asShown, dueOf, HOUR, isLive, levelOf, type Person } from './rules.ts'
import { type App, endSessions, isAccessGood, type Key, useAccess, type World } from './world.ts'

const SCOPES = ['users:read', 'users:write', 'sessions:write', 'introspect'] as const satisfies Scope[]
const MOST_KEYS = 3

export async function create(world: World, how: number): Promise<void> {
  const scope = SCOPES[how % SCOPES.length] ?? 'introspect'
  const endsAt = how < SCOPES.length ? Infinity : world.now + HOUR
  const asked = { name: scope, scopes: [scope], expiresAt: endsAt === Infinity ? null : endsAt }
  const { key, token } = await createApiKey(world.authd.deps, SYSTEM, asked)
  world.keys = [{ id: key.id, token, scope, endsAt, isRevoked: false }, ...world.keys].slice(0, MOST_KEYS)
}

export async function revoke(world: World, key: Key): Promise<void> {
  await endApiKey(world.authd.deps, SYSTEM, key.id)
  key.isRevoked = true
}

/** Makes the call of a scope, with a key that may have another scope, and says what came of it. */
export async function use(
  world: World,
  key: Key,
  { person, app, how }: { person: Person | undefined; app: App | undefined; how: number },
): Promise<void> {
  const scope = SCOPES[how % SCOPES.length] ?? 'introspect'
  const isGood = !key.isRevoked && world.now < key.endsAt
  const refusal = !isGood ? [401, 404] : key.scope === scope ? undefined : [403, 404]
  const client = world.authd.browser()
  const bearer = key.token
  if (scope === 'introspect') {
    if (!app) return
    const access = (how < SCOPES.length && app.former) || app.access
    const reply = await client.post('/v1/token/introspect', { bearer, form: { token: access.token } })
    if (refusal) return expect(refusal).toContain(reply.status)
    const shown = asShown(app.session, access)
    const isActive = isAccessGood(world, access) && isLive(shown, world.now) && dueOf(shown, world.policy) === 'nothing'
    if (isActive) useAccess(world, app, access)
    const { active, aal, auth_time_ms: authTime = 0 } = reply.body
    expect({ status: reply.status, active, aal }).toEqual({
      ...{ status: 200, active: isActive, aal: isActive ? levelOf(shown.proofs) : undefined },
    })
    return expect(authTime).toBeLessThanOrEqual(shown.provenAt)
  }
  if (!person || person.id === '') return
  const path = `/admin/users/${person.id}`
  if (scope === 'users:read') {
    const reply = await client.get(path, { bearer })
    if (refusal) return expect(refusal).toContain(reply.status)
    return expect(reply.body).toMatchObject({
      id: person.id,
      email_verified: person.isVerified,
      mfa_policy: person.policy,
    })
  }
  if (scope === 'sessions:write') {
    const reply = await client.send('DELETE', `${path}/sessions`, { bearer })
    if (refusal) return expect(refusal).toContain(reply.status)
    return endSessions(world, (each) => each.person === person)
  }
  const policy = how < SCOPES.length ? 'required' : null
  const reply = await client.send('PATCH', path, { bearer, json: { mfa_policy: policy } })
  if (refusal) return expect(refusal).toContain(reply.status)
  person.policy = policy
}
