import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { SECOND } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { whileParked } from '../support/parked.ts'
import { signInForTokens } from '../support/people.ts'

const refresh = (authd: Authd, token: string) =>
  authd.browser().post('/v1/token/refresh', { json: { refresh_token: token } })

async function stepUp(authd: Authd, bearer: string) {
  await authd.browser().post('/v1/stepup/email', { bearer })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  return await authd.browser().post('/v1/stepup/code', { bearer, json: { code } })
}

describe.each(['sqlite', 'postgres'] as const)('a refresh on %s that was on its way', (database) => {
  test('while its session stepped up is refused, and the tokens of the step-up stay good', async () => {
    const authd = await startAuthd({ database })
    const tokens = await signInForTokens(authd)
    let steppedUp = ''

    const late = await whileParked(
      authd,
      () => refresh(authd, tokens.refreshToken),
      async () => {
        steppedUp = (await stepUp(authd, tokens.accessToken)).body.refresh_token
      },
    )
    authd.clock.advance(11 * SECOND)
    const next = await refresh(authd, steppedUp)

    expect(late).toMatchObject({ where: 'parked', status: 401, isUnchanged: true })
    expect(next.status).toBe(200)
  })

  test('while its session was revoked gets no tokens', async () => {
    const authd = await startAuthd({ database })
    const tokens = await signInForTokens(authd)

    const late = await whileParked(
      authd,
      () => refresh(authd, tokens.refreshToken),
      () => revokeByOperator(authd.deps, SYSTEM, { ids: [tokens.sessionId] }),
    )

    expect(late).toMatchObject({ where: 'parked', status: 401 })
    const last = (await authd.auditLog()).at(-1)
    expect(last).toMatchObject({ eventType: 'user.authentication_failed', metadata: { reason: 'revoked' } })
  })
})

test('twenty refreshes and step-ups at once leave the newest tokens good', async () => {
  const authd = await startAuthd()
  const tokens = await signInForTokens(authd)
  await authd.browser().post('/v1/stepup/email', { bearer: tokens.accessToken })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''

  const replies = await Promise.all([
    ...Array.from({ length: 10 }, () => refresh(authd, tokens.refreshToken)),
    authd.browser().post('/v1/stepup/code', { bearer: tokens.accessToken, json: { code } }),
    ...Array.from({ length: 10 }, () => refresh(authd, tokens.refreshToken)),
  ])
  authd.clock.advance(11 * SECOND)
  const steppedUp = replies[10]

  expect(steppedUp?.status).toBe(200)
  expect((await refresh(authd, steppedUp?.body.refresh_token)).status).toBe(200)
})
