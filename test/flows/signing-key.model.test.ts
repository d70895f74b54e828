import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import type { Deps } from '../../src/deps.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { followAlgorithm, LONGEST_TOKEN_MS, rotateKeys } from '../../src/flows/sessions/key-rotation.ts'
import { findVerificationKey, jwks, keyring, listKeys, signingKeyAt } from '../../src/flows/sessions/signing-key.ts'
import { HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { presentKey } from '../../src/resources/signing-key.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { fc } from '../support/property.ts'

type Step =
  | { set: 'algorithm'; to: 'ES256' | 'EdDSA' | 'RS256' | 'HS256' }
  | { set: 'keyLead' | 'accessTtl'; to: number }
  | { rotate: 'planned' | 'now' }
  | { pass: number }

const LONGEST_LEAD = 6 * HOUR
const TICK = 4 * MINUTE + 7 * SECOND

const algorithm = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('ES256' as const, 'EdDSA' as const) },
  { weight: 1, arbitrary: fc.constantFrom('RS256' as const, 'HS256' as const) },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ set: fc.constant('algorithm' as const), to: algorithm }) },
  fc.record({ set: fc.constant('keyLead' as const), to: fc.constantFrom(HOUR, 3 * HOUR, LONGEST_LEAD) }),
  fc.record({ set: fc.constant('accessTtl' as const), to: fc.constantFrom(5 * MINUTE, 15 * MINUTE) }),
  {
    weight: 2,
    arbitrary: fc.record({ rotate: fc.constantFrom('planned' as const, 'planned' as const, 'now' as const) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ pass: fc.constantFrom(0, SECOND, 14 * MINUTE, 59 * MINUTE, HOUR, 2 * HOUR, 7 * HOUR) }),
  },
)

/** A deployment, and verifiers that read its key set again after 15 minutes and never for an unknown key. */
class World {
  readonly clock: Authd['clock']
  readonly deps: Deps
  config: ReturnType<Deps['config']['current']>
  #verifiers: { at: number; kids: Set<unknown> }[] = []
  #tokens: { kid: string; exp: number }[] = []
  #signer: { kid: string; algorithm: string } | undefined
  #wantedSince: number

  constructor(authd: Authd) {
    this.clock = authd.clock
    this.config = authd.deps.config.current()
    this.deps = { ...authd.deps, config: { ...authd.deps.config, current: () => this.config } }
    this.#wantedSince = authd.clock.now()
  }

  async take(step: Step): Promise<void> {
    if ('pass' in step) return await this.#pass(step.pass)
    if ('set' in step) await this.#set(step)
    else await this.#rotate(step.rotate === 'now')
    await this.look()
  }

  async #set(step: Extract<Step, { set: string }>): Promise<void> {
    this.config = { ...this.config, tokens: { ...this.config.tokens, [step.set]: step.to } }
    if (step.set !== 'algorithm') return
    this.#wantedSince = this.clock.now()
    await followAlgorithm(this.deps)
  }

  async #rotate(isImmediate: boolean): Promise<void> {
    if (this.config.tokens.algorithm === 'HS256') return
    await rotateKeys(this.deps, SYSTEM, { isImmediate })
    // What --now says: verifiers must ask again.
    if (isImmediate) this.#verifiers = []
  }

  async #pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms
    while (this.clock.now() < end) {
      this.clock.set(Math.min(this.clock.now() + TICK, end))
      await this.look()
    }
  }

  async look(): Promise<void> {
    const now = this.clock.now()
    const { keys } = await jwks(this.deps)
    for (const phase of [0, 1, 2]) {
      const known = this.#verifiers[phase]
      if (!known || now - known.at >= 15 * MINUTE - phase) {
        this.#verifiers[phase] = { at: now - phase * 5 * MINUTE, kids: new Set(keys.map(({ kid }) => kid)) }
      }
    }
    await this.#checkSigner(now)
    await this.#checkTokens(now)
    await this.#checkListing(now)
  }

  async #checkSigner(now: number): Promise<void> {
    const wanted = this.config.tokens.algorithm
    const signer = signingKeyAt(await keyring(this.deps), now)
    expect(signer).toBeDefined()
    if (!signer) return
    if (this.#signer && this.#signer.kid !== signer.kid) expect(signer.algorithm).toBe(wanted)
    this.#signer = signer
    if (wanted === 'HS256') return
    if (now - this.#wantedSince >= LONGEST_LEAD) expect(signer.algorithm).toBe(wanted)
    this.#tokens.push({ kid: signer.kid, exp: now + this.config.tokens.accessTtl })
  }

  async #checkTokens(now: number): Promise<void> {
    this.#tokens = this.#tokens.filter(({ exp }) => exp > now)
    for (const { kid } of this.#tokens) {
      expect(this.#verifiers.filter(({ kids }) => !kids.has(kid))).toEqual([])
      expect(await findVerificationKey(this.deps, kid, now)).toBeDefined()
    }
  }

  async #checkListing(now: number): Promise<void> {
    const listed = (await listKeys(this.deps)).map(presentKey)
    const inState = (state: string) => listed.filter((key) => key.state === state)
    expect(inState('active').map(({ kid }) => kid)).toEqual([this.#signer?.kid])
    const waiting = listed.filter(({ signs_from }) => signs_from !== null && Date.parse(signs_from) > now)
    expect(inState('next')).toEqual(waiting)
    expect(waiting.length).toBeLessThanOrEqual(1)
    for (const { alg, verifies_until } of waiting)
      expect([alg, verifies_until]).toEqual([this.config.tokens.algorithm, null])
    for (const { signs_from, verifies_until } of listed) {
      if (signs_from && verifies_until) expect(Date.parse(verifies_until)).toBeGreaterThan(Date.parse(signs_from))
    }
  }
}

test('whatever is set, rotated and waited for, only a wanted key begins to sign, and no verifier refuses a token', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const authd = await startAuthd({ config: { tokens: { key_lead: '1h' } } })
      const world = new World(authd)
      await world.look()
      for (const each of steps) await world.take(each)
      await authd.stop()
    }),
    { numRuns: 60 },
  )
}, 240_000)

test('the longest life of a token is the most that tokens.access_ttl may be', () => {
  const parse = (access_ttl: string) => parseConfig({ tokens: { access_ttl } }).tokens.accessTtl

  expect(parse(`${LONGEST_TOKEN_MS / SECOND}s`)).toBe(LONGEST_TOKEN_MS)
  expect(() => parse(`${LONGEST_TOKEN_MS / SECOND + 1}s`)).toThrow()
})
