import { describe, expect, test } from 'vitest'
import {
  listPasskeysOf,
  removePasskeyOf,
  resetRecoveryCodes,
  resetTotp,
  resolvePasskey,
} from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { enrolTotp, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA } from '../support/people.ts'
import { OPERATOR } from '../support/told.ts'

/** What an operator does to the factors, the address and the sessions of Ada, and the mail that she gets. */
const ACTS: [template: string, act: (authd: Authd) => Promise<unknown>][] = [
  [
    'passkey_removed',
    async ({ deps }) => {
      const { passkeys } = await listPasskeysOf(deps, ADA)
      const named = { user: ADA, passkey: passkeys[0]?.id ?? '' }
      await removePasskeyOf(deps, OPERATOR, await resolvePasskey(deps, named))
    },
  ],
  ['totp_removed', async ({ deps }) => resetTotp(deps, OPERATOR, await resolveUser(deps, ADA))],
  ['recovery_codes_removed', async ({ deps }) => resetRecoveryCodes(deps, OPERATOR, await resolveUser(deps, ADA))],
  ['sessions_revoked', ({ deps }) => revokeByOperator(deps, OPERATOR, { user: ADA })],
]

describe.each(['sqlite', 'postgres'] as const)('an act of an operator (%s)', (database) => {
  test.each(ACTS)('mails the user: %s', async (template, act) => {
    const authd = await startAuthd({ database })
    const { browser } = await withPasskey(authd)
    await enrolTotp(authd, browser)
    await authd.takeMail()

    await act(authd)

    const mails = await authd.takeMail()
    expect(mails.map((mail) => [mail.template, mail.to])).toEqual([[template, ADA]])
  })
})
