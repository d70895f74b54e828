import { describe, expect, test } from 'vitest'
import { resolveUser } from '../../src/flows/named-user.ts'
import { addUser } from '../../src/flows/users/add.ts'
import { disableUser } from '../../src/flows/users/disable.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { deviceFor, enrolPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { signInOnPage } from '../support/people.ts'

const OPERATOR = { id: 'cli:test@host', ip: null, userAgent: null, requestId: null }
const SAMPLES = 400
const KINDS = ['known', 'unknown', 'disabled'] as const

async function addUsersOfEachKind(authd: Authd): Promise<void> {
  for (const kind of ['known', 'disabled']) {
    const email = parseEmailAddress(`${kind}@example.com`)
    if (email) await addUser(authd.deps, OPERATOR, { email, name: null, isVerified: true })
  }
  await disableUser(authd.deps, OPERATOR, await resolveUser(authd.deps, 'disabled@example.com'), null)
}

async function timeOf(authd: Authd, path: string, body: object): Promise<number> {
  const headers = { 'Content-Type': 'application/json' }
  const startedAt = performance.now()
  await exchange(authd.address + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return performance.now() - startedAt
}

/** The probability that a sample of one is slower than a sample of the other (Mann and Whitney). 0.5 reveals nothing. */
function areaUnderCurve(left: number[], right: number[]): number {
  const wins = left.flatMap((a) => right.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
  return wins.reduce<number>((sum, win) => sum + win, 0) / wins.length
}

/** Samples the kinds in turns, so that other load on the machine affects all of them equally. */
async function sample(take: (kind: (typeof KINDS)[number], index: number) => Promise<number>) {
  const samples: Record<(typeof KINDS)[number], number[]> = { known: [], unknown: [], disabled: [] }
  for (let index = 0; index < SAMPLES + 20; index += 1) {
    for (let turn = 0; turn < KINDS.length; turn += 1) {
      const kind = KINDS[(index + turn) % KINDS.length] ?? 'known'
      const ms = await take(kind, index)
      if (index >= 20) samples[kind].push(ms)
    }
  }
  return samples
}

function assertAlike(left: number[], right: number[]): void {
  expect(Math.abs(areaUnderCurve(left, right) - 0.5)).toBeLessThan(0.1)
}

describe.each(['sqlite', 'postgres'] as const)('the time of an answer does not tell who exists (%s)', (database) => {
  test('when a mail is asked for', async () => {
    const authd = await startAuthd({ database, config: { signup: { policy: 'closed' } } })
    await addUsersOfEachKind(authd)

    const { known, unknown, disabled } = await sample((kind) =>
      timeOf(authd, '/v1/signin', { email: `${kind}@example.com` }),
    )

    assertAlike(known, unknown)
    assertAlike(known, disabled)
  })

  test('when a code is typed', async () => {
    const authd = await startAuthd({ database, config: { signup: { policy: 'closed' } } })
    await addUsersOfEachKind(authd)

    const { known, unknown, disabled } = await sample(async (kind) => {
      const begun = await authd.browser().post('/v1/signin', { json: { email: `${kind}@example.com` } })
      return await timeOf(authd, '/v1/signin/code', { code: 'wrong', attempt_token: begun.body.attempt_token })
    })

    assertAlike(known, unknown)
    assertAlike(known, disabled)
  })

  test('when a passkey is asked for', async () => {
    const authd = await startAuthd({ database, config: { signup: { policy: 'closed' } } })
    await addUsersOfEachKind(authd)
    const browser = authd.browser()
    await signInOnPage(authd, browser, 'known@example.com')
    await enrolPasskey(browser, deviceFor(authd))

    const { known, unknown, disabled } = await sample(async (kind) => {
      const begun = await authd.browser().post('/v1/signin', { json: { email: `${kind}@example.com` } })
      return await timeOf(authd, '/v1/signin/passkey/options', { attempt_token: begun.body.attempt_token })
    })

    assertAlike(known, unknown)
    assertAlike(known, disabled)
  })
})
