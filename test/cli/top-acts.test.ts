import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { act } from '../../src/cli/top/acts.ts'
import { proposalsFor } from '../../src/cli/top/row-keys.ts'
import { listRules } from '../../src/flows/limits/ip-filter-admin.ts'
import type { Actor } from '../../src/flows/record-event.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, signInForTokens } from '../support/people.ts'

const actor = (reason: string | undefined): Actor => {
  const metadata = { command: 'top', ...(reason !== undefined && { reason }) }
  return { id: 'cli:grace@host', ip: null, userAgent: null, requestId: null, metadata }
}
const ACTOR = { actor, reason: undefined }

async function lastEvent(authd: Authd, type: string) {
  return (await authd.auditLog()).findLast((event) => event.eventType === type)
}

test('r revokes the session with the operator in the audit log; a second time it was already revoked', async () => {
  const authd = await startAuthd()
  const { sessionId, accessToken } = await signInForTokens(authd)
  const ask = async () =>
    (await authd.browser().get('/v1/session', { headers: { Authorization: `Bearer ${accessToken}` } })).status
  expect(await ask()).toBe(200)

  const first = await act(authd.deps, ACTOR, { kind: 'revoke', target: sessionId })
  const second = await act(authd.deps, ACTOR, { kind: 'revoke', target: sessionId })

  expect(await ask()).toBe(401)
  expect(first).toMatchObject({ isDone: true, lines: ['Session ended.', expect.stringContaining('up to 10m')] })
  expect(second.lines).toEqual(['That session has already ended.'])
  expect(await lastEvent(authd, 'session.revoked')).toMatchObject({
    seq: expect.any(Number),
    sessionId,
    actor: 'cli:grace@host',
    metadata: { command: 'top' },
  })
})

test('b blocks for a day, with a reason that explains the rule', async () => {
  const authd = await startAuthd()

  const outcome = await act(authd.deps, ACTOR, { kind: 'block', target: '203.0.113.9' })

  const [rule] = await listRules(authd.deps, { isExpired: false })
  expect(outcome).toEqual({ isDone: true, lines: ['Blocked 203.0.113.9/32 for 24h.'] })
  expect(rule).toMatchObject({
    action: 'block',
    scope: 'all',
    reason: 'seen in authd top',
    createdBy: 'cli:grace@host',
  })
  expect(await lastEvent(authd, 'ip_filter.added')).toMatchObject({
    actor: 'cli:grace@host',
    metadata: { cidr: '203.0.113.9/32', reason: 'seen in authd top' },
  })
})

test.each([
  ['127.0.0.1', /this machine itself/],
  ['::1', /this machine itself/],
  ['198.51.100.7', /your own address/],
])('SECURITY: b does not lock the operator out with %s, and shows the command that would', async (ip, why) => {
  const authd = await startAuthd()
  const fromSsh = (reason: string | undefined): Actor => {
    const { metadata, ...rest } = actor(reason)
    return { ...rest, metadata: { ...metadata, ssh_client: '198.51.100.7' } }
  }

  const outcome = await act(authd.deps, { actor: fromSsh, reason: "it's me" }, { kind: 'block', target: ip })

  expect(outcome.isDone).toBe(false)
  expect(outcome.lines[0]).toMatch(why)
  expect(outcome.lines[1]).toBe(
    `Try: authd ipfilter add ${ip} --expires 24h --reason 'it'\\''s me' --accept-risk=lockout`,
  )
  expect(await listRules(authd.deps, { isExpired: false })).toEqual([])
  expect(await lastEvent(authd, 'ip_filter.added')).toBeUndefined()
})

test('u clears a lockout and removes a rule', async () => {
  const authd = await startAuthd()
  await signInForTokens(authd)
  const { attemptToken } = await askForCode(authd)
  await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token: attemptToken } })
  await act(authd.deps, ACTOR, { kind: 'block', target: '203.0.113.9' })
  const [rule] = await listRules(authd.deps, { isExpired: false })

  const unlocked = await act(authd.deps, { ...ACTOR, reason: 'called' }, { kind: 'unlock', target: ADA })
  const again = await act(authd.deps, ACTOR, { kind: 'unlock', target: ADA })
  const removed = await act(authd.deps, ACTOR, { kind: 'remove_rule', target: rule?.id ?? '' })

  expect(unlocked).toEqual({ isDone: true, lines: [expect.stringMatching(/^Unlocked ada@example.com: .*1 wrong/)] })
  expect(again.lines).toEqual(['ada@example.com had no lockout, and no mail counted.'])
  expect(removed.lines).toEqual(['Removed the rule for 203.0.113.9/32.'])
  expect(await listRules(authd.deps, { isExpired: false })).toEqual([])
  expect(await lastEvent(authd, 'user.unlocked')).toMatchObject({
    actor: 'cli:grace@host',
    metadata: { reason: 'called' },
  })
  expect(await lastEvent(authd, 'ip_filter.removed')).toMatchObject({ actor: 'cli:grace@host' })
})

test('an impossible action is explained with a suggestion instead of an exception', async () => {
  const authd = await startAuthd()

  const nobody = await act(authd.deps, ACTOR, { kind: 'unlock', target: 'nobody@example.com' })
  const gone = await act(authd.deps, ACTOR, { kind: 'remove_rule', target: 'ipf_gone' })

  expect(nobody).toMatchObject({ isDone: false, lines: [expect.stringContaining('Not done: '), expect.anything()] })
  expect(gone.lines).toEqual(['Not done: No rule "ipf_gone".', 'Try: authd ipfilter list'])
})

test.each(['$(touch pwned)@example.com', "o'hara`id`@example.com", 'a;b|c&d@example.com', '-x@example.com'])(
  'SECURITY: %s in a suggested command runs nothing when pasted',
  (email) => {
    const command = proposalsFor({ email }, 'because "x" $HOME').u?.command ?? ''

    const pasted = execFileSync('sh', ['-c', command.replace(/^authd/, "printf '%s\\n'")], { encoding: 'utf8' })

    const words = pasted.trimEnd().split('\n')
    expect(words.filter((word) => word !== '--')).toEqual(['users', 'unlock', '--reason', 'because "x" $HOME', email])
  },
)

test('a row offers only the keys that apply to it', () => {
  const keys = (about: Parameters<typeof proposalsFor>[0]) => Object.keys(proposalsFor(about, undefined))

  expect(keys({ session: 'ses_1', ip: '203.0.113.9', email: ADA })).toEqual(['r', 'b', 'u'])
  expect(keys({ session: null, ip: null, email: null })).toEqual([])
  expect(proposalsFor({ rule: { id: 'ipf_1', cidr: '203.0.113.0/24' } }, undefined).u?.command).toBe(
    'authd ipfilter remove ipf_1',
  )
})
