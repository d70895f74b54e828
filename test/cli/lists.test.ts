import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { listFlags } from '../../src/cli/flags.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { type Shell, shell } from '../support/cli.ts'
import type { Ran } from '../support/command.ts'

/** More than one part, and more than a terminal shows. */
const ROWS = 620
const LATER = Date.now() + 30 * MINUTE

const COUNTER = `WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ${ROWS})`
const NAME = "printf('%06d', n)"

/** The columns that matter and a value for each. The others that need one are 0 or empty. */
const SEEDS: Record<string, Record<string, string>> = {
  users: { id: `'usr_' || ${NAME}`, email: `${NAME} || '@example.com'`, email_typed: `${NAME} || '@example.com'` },
  sessions: {
    id: `'ses_' || ${NAME}`,
    user_id: "'usr_000001'",
    amr: `'["email"]'`,
    aal: '1',
    idle_expires_at: `${LATER}`,
    expires_at: `${LATER}`,
  },
  audit_logs: {
    id: `'evt_' || ${NAME}`,
    seq: '1000 + n',
    event_type: "'user.disabled'",
    outcome: "'success'",
    metadata: "'{}'",
  },
  mail_suppressions: { address: NAME, refusals: '3', last_refused_at: 'n / 7', suppressed_until: `${LATER}` },
  failed_attempts: {
    kind: "'totp'",
    subject: NAME,
    failures: '12 + n % 3',
    window_ends_at: `${Number.MAX_SAFE_INTEGER}`,
    blocked_until: `${Date.now() + 10 * MINUTE}`,
  },
  rate_limits: {
    policy: "'email'",
    subject: `'192.0.2.7/' || ${NAME}`,
    used: '1 + n % 5',
    window_ends_at: `${Date.now() + 50 * MINUTE}`,
  },
  ip_filters: { id: `'ipf_' || ${NAME}`, cidr: "'192.0.2.' || n", action: "'block'", scope: "'all'", reason: "'test'" },
  api_keys: { id: `'key_' || ${NAME}`, name: NAME, scopes: "'[]'" },
  webhook_endpoints: {
    id: `'whe_' || ${NAME}`,
    url: `'https://app.example.com/' || ${NAME}`,
    events: `'["*"]'`,
  },
  passkeys: { id: `'pk_' || ${NAME}`, user_id: "'usr_00000' || (1 + n % 9)", credential_id: NAME, transports: "'[]'" },
}

const OUTBOX = { state: "'pending'", template: "'signin'", lang: "'en'", expires_at: `${LATER}` }

/** Each list with the statement that counts its rows. */
const LISTS: Record<string, { args?: string[]; rows: string }> = {
  'users list': { rows: 'users' },
  'sessions list': { rows: 'sessions' },
  'audit list': { rows: 'audit_logs WHERE seq IS NOT NULL' },
  'email queue': { rows: "outbox WHERE kind = 'mail'" },
  'webhooks deliveries': { rows: "outbox WHERE kind = 'webhook'" },
  'suppressions list': { rows: 'mail_suppressions' },
  'lockouts list': { rows: 'failed_attempts' },
  'ratelimit list': { rows: 'rate_limits' },
  'ratelimit show': { args: ['192.0.2.7/000001'], rows: "rate_limits WHERE subject = '192.0.2.7/000001'" },
  'ipfilter list': { rows: 'ip_filters' },
  'api-keys list': { rows: 'api_keys' },
  'webhooks list': { rows: 'webhook_endpoints' },
  'passkeys list': { args: ['usr_000001'], rows: "passkeys WHERE user_id = 'usr_000001'" },
  'keys list': { rows: "signing_keys WHERE purpose = 'access'" },
}
/** Lists of what a build or a configuration has. */
const FIXED = ['backup list', 'settings list']

let place: Shell
let database: DatabaseSync

beforeAll(async () => {
  place = await shell({ inProcess: true, forFile: true })
  await place.run(['migrate'])
  database = new DatabaseSync(join(place.folder, 'authd-data/authd.db'))
  for (const [table, values] of Object.entries(SEEDS)) seed(table, values)
  seed('outbox', { ...OUTBOX, id: `'msg_' || ${NAME}`, kind: "'mail'", recipient: `${NAME} || '@example.com'` })
  seed('outbox', { ...OUTBOX, id: `'whd_' || ${NAME}`, kind: "'webhook'", recipient: "'whe_000001'" })
  database.exec(`UPDATE audit_head SET seq = ${1000 + ROWS}`)
  return () => database.close()
})

function seed(table: string, values: Record<string, string>): void {
  const columns = database.prepare(`PRAGMA table_info(${table})`).all() as {
    name: string
    type: string
    notnull: number
    dflt_value: string | null
  }[]
  const needed = columns.filter(({ notnull, dflt_value }) => notnull === 1 && dflt_value === null)
  const all = { ...Object.fromEntries(needed.map(({ name, type }) => [name, type === 'TEXT' ? "''" : '0'])), ...values }
  database.exec(
    `${COUNTER} INSERT INTO ${table} (${Object.keys(all).join(', ')}) SELECT ${Object.values(all).join(', ')} FROM counter`,
  )
}

const list = (id: string, ...more: string[]): Promise<Ran> =>
  place.run([...id.split(' '), ...(LISTS[id]?.args ?? []), ...more])

/** After the command, because it may write events of its own. */
function countOf(id: string): number {
  const { n } = database.prepare(`SELECT count(*) AS n FROM ${LISTS[id]?.rows}`).get() as { n: number }
  return n
}

const lines = (text: string) => text.split('\n').slice(0, -1)

test('every list is one of these, and has the same flags', async () => {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([id, { load }]) => ({ id, flags: (await load()).default.flags })),
  )
  const lists = commands.filter(({ id, flags }) => id.endsWith(' list') || 'limit' in flags)

  expect(lists.map(({ id }) => id).sort()).toEqual([...Object.keys(LISTS), ...FIXED].sort())
  const names = Object.keys(listFlags) as (keyof typeof listFlags)[]
  const others = lists.filter(({ flags }) => names.some((name) => flags[name] !== listFlags[name]))
  expect(others.map(({ id }) => id)).toEqual([])
})

test.each(Object.keys(LISTS))('authd %s prints every row in a pipe, with --jsonl and with --json', async (id) => {
  const plain = await list(id)
  const jsonl = await list(id, '--jsonl')
  const json = await list(id, '--json')
  const count = countOf(id)

  expect([plain.stderr, jsonl.stderr, json.stderr]).toEqual(['', '', ''])
  expect(lines(plain.stdout)).toHaveLength(count)
  expect(new Set(lines(jsonl.stdout)).size).toBe(count)
  expect(lines(jsonl.stdout)).toHaveLength(count)
  const { data, ...rest } = JSON.parse(json.stdout)
  expect(rest).toEqual({ next_cursor: null, total: count })
  expect(data).toEqual(lines(jsonl.stdout).map((line) => JSON.parse(line)))
})

/** All but those whose rows belong to one user or limit, or to the keys of this build. */
const LONG = Object.keys(LISTS).filter((id) => !['ratelimit show', 'passkeys list', 'keys list'].includes(id))

test.each(LONG)('authd %s --limit says on stderr that there is more, and its cursor leads there', async (id) => {
  const whole = lines((await list(id, '--jsonl')).stdout)
  const first = await list(id, '--json', '--limit', '7')
  const { data, next_cursor: cursor, total } = JSON.parse(first.stdout)
  const second = await list(id, '--jsonl', '--cursor', cursor)

  expect(data).toHaveLength(7)
  expect([null, countOf(id)]).toContain(total)
  expect(first.stderr).toContain('Showing 7')
  expect(first.stderr).toContain(`More: --cursor ${cursor}, or --all`)
  expect([...data, ...lines(second.stdout).map((line) => JSON.parse(line))]).toEqual(
    whole.map((line) => JSON.parse(line)),
  )
})

test.each(LONG)('authd %s shows 50 rows on a terminal, and all with --all', async (id) => {
  const words = [...id.split(' '), '--no-pager']
  const shown = await place.run(words, { isTerminal: true })
  const all = await place.run([...words, '--all'], { isTerminal: true })

  expect(lines(shown.stdout)).toHaveLength(51)
  expect(shown.stderr).toContain('Showing 50')
  expect(lines(all.stdout)).toHaveLength(countOf(id) + 1)
  expect(all.stderr).not.toContain('Showing')
})

test('a limit that takes exactly the last row has no next part', async () => {
  const { stdout, stderr } = await list('users list', '--json', '--limit', String(ROWS))

  expect(JSON.parse(stdout)).toMatchObject({ next_cursor: null, total: ROWS })
  expect(stderr).toBe('')
})

test('on a terminal --json is indented like any other document', async () => {
  const { stdout } = await place.run(['users', 'list', '--json', '--limit', '2', '-q'], { isTerminal: true })

  expect(stdout).toBe(`${JSON.stringify(JSON.parse(stdout), null, 2)}\n`)
})

test('audit list --reverse begins with the oldest event, and its cursor leads on', async () => {
  const newest = lines((await list('audit list', '--jsonl')).stdout)
  const first = JSON.parse((await list('audit list', '--reverse', '--json', '--limit', '7')).stdout)
  const rest = await list('audit list', '--reverse', '--jsonl', '--cursor', first.next_cursor)

  expect([...first.data, ...lines(rest.stdout).map((line) => JSON.parse(line))]).toEqual(
    newest.toReversed().map((line) => JSON.parse(line)),
  )
})

test.each(['suppressions list', 'lockouts list', 'ratelimit list', 'audit list', 'webhooks list', 'ipfilter list'])(
  'authd %s refuses a cursor of something else',
  async (id) => {
    const { code, stdout, stderr } = await list(id, '--cursor', 'nonsense')

    expect([code, stdout]).toEqual([64, ''])
    expect(stderr).toContain('"nonsense" is not a cursor of this list.')
  },
)
