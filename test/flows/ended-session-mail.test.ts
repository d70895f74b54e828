import { expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { renderMail } from '../../src/mail/render.ts'
import type { Authd } from '../support/harness.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

/** Three sessions: two tokens of a client without a name, and a browser. */
async function withSessions() {
  const authd = await startAuthd()
  await signInOnPage(authd, authd.browser())
  const [one, other] = [await signInForTokens(authd), await signInForTokens(authd)]
  await authd.takeMail()
  return { authd, one: one.sessionId, other: other.sessionId }
}

async function mails(authd: Authd) {
  return (await authd.takeMail()).map(({ template, values }) => [template, values['signed_out']])
}

test('the mail after one session was revoked says which, and that the others go on', async () => {
  const { authd, one, other } = await withSessions()

  await revokeByOperator(authd.deps, SYSTEM, { ids: [one] })
  const [mail] = await authd.takeMail()
  const rendered = mail && (await renderMail({ ...mail, lang: 'de' }, { name: 'Example' }))
  await revokeByOperator(authd.deps, SYSTEM, { ids: [other] })
  const second = await mails(authd)

  expect(mail?.template).toBe('session_revoked')
  expect(mail?.values['signed_out']).toBe('Firefox on Linux, 127.0.0.1')
  expect(rendered?.text).toContain('Abgemeldet: Firefox unter Linux, 127.0.0.1')
  expect(rendered?.text).toContain('Sonst bleiben Sie angemeldet.')
  expect(second).toEqual([['session_revoked', 'Firefox on Linux, 127.0.0.1']])
})

test('the mail says "everywhere" where no session is left, or all of a user were meant', async () => {
  const { authd, one, other } = await withSessions()
  const { authd: another } = await withSessions()

  await revokeByOperator(another.deps, SYSTEM, { user: ADA })
  const byUser = await mails(another)
  await revokeByOperator(authd.deps, SYSTEM, { ids: [one, other] })
  const some = await mails(authd)
  const [last] = await authd.deps.db.read((sql) =>
    sql.all<{ id: string }>('SELECT id FROM sessions WHERE revoked_at IS NULL'),
  )
  await revokeByOperator(authd.deps, SYSTEM, { ids: [last?.id ?? ''] })

  expect(byUser).toEqual([['sessions_revoked', undefined]])
  expect(some).toEqual([['session_revoked', 'Firefox on Linux, 127.0.0.1; Firefox on Linux, 127.0.0.1']])
  expect(await mails(authd)).toEqual([['sessions_revoked', undefined]])
})
