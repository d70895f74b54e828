import type { Operation } from './measure.ts'
import type { Target } from './target.ts'

export interface Load {
  concurrency: number
  milliseconds: number
}

export interface Unit {
  name: string
  /** Makes what the unit consumes, through the API and the mails, and answers the operation that is timed. */
  prepare(target: Target, load: Load): Promise<Operation>
}

let people = 0

export const UNITS: readonly Unit[] = [
  { name: 'health', prepare: async (target) => async () => must(200, await target.call('GET', '/health')) },
  {
    name: 'jwks',
    prepare: async (target) => async () => must(200, await target.call('GET', '/.well-known/jwks.json')),
  },
  {
    name: 'signed-in check',
    async prepare(target) {
      const { access_token: bearer } = await signIn(target)
      return async () => must(200, await target.call('GET', '/v1/session', { bearer }))
    },
  },
  {
    name: 'refresh',
    async prepare(target, { concurrency }) {
      const tokens = await Promise.all(
        Array.from({ length: concurrency }, async () => (await signIn(target)).refresh_token),
      )
      return async () => {
        const refresh_token = tokens.pop()
        const reply = await target.call('POST', '/v1/token/refresh', { json: { refresh_token } })
        tokens.push(JSON.parse(reply.body).refresh_token)
        return must(200, reply)
      }
    },
  },
  {
    name: 'ask for a mail',
    prepare: async (target) => async () =>
      must(201, await target.call('POST', '/v1/signin', { json: { email: newEmail() } })),
  },
  {
    name: 'redeem a code',
    async prepare(target, { milliseconds }) {
      const attempts = await Promise.all(Array.from({ length: Math.max(8, milliseconds / 3) }, () => ask(target)))
      return async () => {
        const json = attempts.pop()
        return json !== undefined && must(200, await target.call('POST', '/v1/signin/code', { json }))
      }
    },
  },
]

function newEmail(): string {
  people += 1
  return `person${people}@example.com`
}

async function ask(target: Target) {
  const email = newEmail()
  const reply = await target.call('POST', '/v1/signin', { json: { email } })
  return { attempt_token: JSON.parse(reply.body).attempt_token, code: await target.codeFor(email) }
}

async function signIn(target: Target): Promise<{ access_token: string; refresh_token: string }> {
  const reply = await target.call('POST', '/v1/signin/code', { json: await ask(target) })
  must(200, reply)
  return JSON.parse(reply.body)
}

function must(status: number, reply: { status: number; body: string }): boolean {
  if (reply.status !== status) throw new Error(`HTTP ${reply.status}: ${reply.body}`)
  return true
}
