import { expect, test } from 'vitest'
import { listQueue } from '../../src/flows/outbox/queue-admin.ts'
import { HOUR } from '../../src/platform/clock.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

const GONE = new MailError('Recipient command failed: 550 5.1.1 user unknown', {
  isPermanent: true,
  refusal: { response: '550 5.1.1 user unknown', enhancedCode: '5.1.1' },
})

const ask = async (authd: Authd, email: string) => {
  const { status, body } = await authd.browser().post('/v1/signin', { json: { email } })
  const { attempt_token: _, ...rest } = body as Record<string, unknown>
  return { status, rest }
}

async function refuse(authd: Authd, email: string, times: number): Promise<void> {
  authd.mailer.failure = GONE
  for (let done = 0; done < times; done += 1) {
    await ask(authd, email)
    await authd.takeMail()
    authd.clock.advance(HOUR)
  }
  authd.mailer.failure = undefined
}

test('an address that was rejected three times gets no more mail, and its sign-ins get the usual answer', async () => {
  const authd = await startAuthd()
  await refuse(authd, 'gone@example.com', 3)

  const [gone, other] = [await ask(authd, 'gone@example.com'), await ask(authd, 'other@example.com')]
  const sent = await authd.takeMail()

  expect(gone).toEqual(other)
  expect(sent.map(({ to }) => to)).toEqual(['other@example.com'])
  const { rows } = await listQueue(authd.deps, { kind: 'mail' }, { limit: 2, within: 100 })
  expect(rows.map(({ recipient, state, lastError }) => [recipient, state, lastError])).toEqual([
    ['other@example.com', 'sent', null],
    ['gone@example.com', 'failed', expect.stringContaining('permanently rejected the address three times')],
  ])
})

test('an accepted mail ends the count of rejections', async () => {
  const authd = await startAuthd()
  await refuse(authd, 'ada@example.com', 2)
  await ask(authd, 'ada@example.com')
  await authd.takeMail()
  await refuse(authd, 'ada@example.com', 2)

  await ask(authd, 'ada@example.com')

  expect((await authd.takeMail()).map(({ to }) => to)).toEqual(['ada@example.com'])
})
