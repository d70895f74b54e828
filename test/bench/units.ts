import { type Connection, openConnection, type Received, type Sent } from './client.ts'
import { type Filled, fillPasskeys, fillTotp } from './fill.ts'
import type { Operation, Server } from './measure.ts'
import { fillRules } from './rules.ts'
import type { Target } from './target.ts'

export interface Load {
  concurrency: number
  milliseconds: number
}

export interface Unit {
  name: string
  /** Prepares what the unit uses up, through the API and mails, and returns the operation to time. */
  prepare(target: Target, load: Load): Promise<Operation>
  /** The same work in the bare prototype. */
  prepareCeiling(ceiling: Filled, load: Load): Promise<Operation>
}

let people = 0
const rules = new Map<Target, Promise<void>>()

export const UNITS: readonly Unit[] = [
  { name: 'health', prepare: simple('GET', '/health'), prepareCeiling: simple('GET', '/health') },
  { name: 'jwks', prepare: simple('GET', '/.well-known/jwks.json'), prepareCeiling: simple('GET', '/jwks') },
  {
    name: 'signed-in check',
    prepare: (target) => checks(target, '/v1/session', (connection) => signIn(target, connection)),
    prepareCeiling: (ceiling) => checks(ceiling, '/session', redeemCeiling),
  },
  {
    // Compared with the one above, the cost of a long blocklist.
    name: 'check, 100,000 rules',
    async prepare(target, { milliseconds }) {
      const filled = rules.get(target) ?? fillRules(target, milliseconds < 1000 ? 1000 : 100_000)
      rules.set(target, filled)
      await filled
      return await checks(target, '/v1/session', (connection) => signIn(target, connection))
    },
    prepareCeiling: (ceiling) => checks(ceiling, '/session', redeemCeiling),
  },
  {
    name: 'refresh',
    async prepare(target, { concurrency }) {
      const tokens = await withConnection(target, async (connection) => {
        return await times(concurrency, async () => (await signIn(target, connection)).refresh_token)
      })
      return (connection) => refresh(connection, tokens, '/v1/token/refresh', 'refresh_token')
    },
    async prepareCeiling(ceiling, { concurrency }) {
      const tokens = await withConnection(ceiling, async (connection) => {
        return await times(concurrency, async () => (await redeemCeiling(connection)).refresh_token)
      })
      return (connection) => refresh(connection, tokens, '/refresh', 'token')
    },
  },
  {
    name: 'ask for a mail',
    prepare: async () => (connection) => must(201, connection, 'POST', '/v1/signin', { json: { email: newEmail() } }),
    prepareCeiling: async () => (connection) => must(201, connection, 'POST', '/ask', { json: { email: newEmail() } }),
  },
  {
    name: 'redeem a code',
    async prepare(target, { milliseconds }) {
      const asked = await withConnection(target, (connection) => times(milliseconds, () => ask(connection)))
      const attempts = await Promise.all(
        asked.map(async ({ email, attempt_token }) => ({ attempt_token, code: await target.codeFor(email) })),
      )
      return async (connection) => {
        const json = attempts.pop()
        return json !== undefined && (await must(200, connection, 'POST', '/v1/signin/code', { json }))
      }
    },
    async prepareCeiling(ceiling, { milliseconds }) {
      const tokens = await withConnection(ceiling, (connection) =>
        times(2 * milliseconds, () => askCeiling(connection)),
      )
      return async (connection) => {
        const token = tokens.pop()
        return token !== undefined && (await must(200, connection, 'POST', '/redeem', { json: { token } }))
      }
    },
  },
  {
    name: 'passkey sign-in',
    prepare: async (target, load) => post('/v1/signin/passkey', await fillPasskeys(target, load)),
    prepareCeiling: async (ceiling, load) => post('/passkey', await fillPasskeys(ceiling, load)),
  },
  {
    name: 'TOTP check',
    prepare: async (target, load) => post('/v1/signin/totp', await fillTotp(target, load)),
    prepareCeiling: async (ceiling, load) => post('/totp', await fillTotp(ceiling, load)),
  },
]

/** Uses each body once. */
function post(path: string, bodies: object[]): Operation {
  return async (connection) => {
    const json = bodies.pop()
    return json !== undefined && (await must(200, connection, 'POST', path, { json }))
  }
}

/** Asks who is signed in, with a token made before. */
async function checks(
  server: Server,
  path: string,
  begin: (connection: Connection) => Promise<{ access_token?: string }>,
): Promise<Operation> {
  const { access_token } = await withConnection(server, begin)
  return (connection) => must(200, connection, 'GET', path, { bearer: access_token ?? '' })
}

function simple(method: string, path: string) {
  return async (): Promise<Operation> => (connection) => must(200, connection, method, path)
}

async function refresh(connection: Connection, tokens: string[], path: string, field: string): Promise<boolean> {
  const reply = await connection.call('POST', path, { json: { [field]: tokens.pop() } })
  check(200, reply)
  tokens.push(JSON.parse(reply.body).refresh_token)
  return true
}

function newEmail(): string {
  people += 1
  return `person${people}@example.com`
}

async function ask(connection: Connection): Promise<{ email: string; attempt_token: string }> {
  const email = newEmail()
  const reply = await connection.call('POST', '/v1/signin', { json: { email } })
  check(201, reply)
  return { email, attempt_token: JSON.parse(reply.body).attempt_token }
}

export async function signIn(target: Target, connection: Connection): Promise<Tokens> {
  const { email, attempt_token } = await ask(connection)
  const json = { attempt_token, code: await target.codeFor(email) }
  const reply = await connection.call('POST', '/v1/signin/code', { json })
  check(200, reply)
  return JSON.parse(reply.body)
}

interface Tokens {
  access_token: string
  refresh_token: string
}

async function askCeiling(connection: Connection): Promise<string> {
  const reply = await connection.call('POST', '/ask', { json: { email: newEmail() } })
  return JSON.parse(reply.body).token
}

async function redeemCeiling(connection: Connection): Promise<Tokens> {
  const reply = await connection.call('POST', '/redeem', { json: { token: await askCeiling(connection) } })
  check(200, reply)
  return JSON.parse(reply.body)
}

async function times<Value>(count: number, make: () => Promise<Value>): Promise<Value[]> {
  const values: Value[] = []
  while (values.length < count) values.push(await make())
  return values
}

export async function withConnection<Result>(
  server: Server,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await openConnection(server.port)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}

async function must(
  status: number,
  connection: Connection,
  method: string,
  path: string,
  sent?: Sent,
): Promise<boolean> {
  check(status, await connection.call(method, path, sent))
  return true
}

function check(status: number, reply: Received): void {
  if (reply.status !== status) throw new Error(`HTTP ${reply.status}: ${reply.body}`)
}
