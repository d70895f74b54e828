import { expect, test } from 'vitest'
import { deliverNextMail } from '../../src/flows/mail-delivery.ts'
import { startAuthd } from '../harness.ts'

test('SECURITY E-04: a mail server that never answers holds up no sign-in and makes nothing unready', async () => {
  const authd = await startAuthd()
  let answer = (_: string) => {}
  authd.mailer.send = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  await authd.browser().post('/v1/signin', { json: { email: 'first@example.com' } })
  const hanging = deliverNextMail(authd.deps)

  const asked = await authd.browser().post('/v1/signin', { json: { email: 'second@example.com' } })
  const ready = await authd.browser().get('/readiness')
  answer('250 at last')
  await hanging

  expect([asked.status, ready.status]).toEqual([201, 200])
})
