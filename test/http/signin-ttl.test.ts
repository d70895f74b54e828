import { expect, test } from 'vitest'
import { MINUTE } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { askForCode } from '../support/people.ts'

test.each([
  [59, 200],
  [61, 401],
])('with signin.ttl = "1h", a code that is typed after %i minutes gets %i', async (minutes, status) => {
  const authd = await startAuthd({ config: { signin: { ttl: '1h' } } })
  const { attemptToken, code } = await askForCode(authd)
  authd.clock.advance(minutes * MINUTE)

  const reply = await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })

  expect(reply.status).toBe(status)
})
