import { readFileSync } from 'node:fs'
import { cp, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'
import { type Furnished, furnished } from '../support/every-command.ts'
import { until } from '../support/until.ts'

const pageOf = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
const INCIDENTS = sectionsIn(pageOf('incidents.md'), (part) =>
  [...part.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n')),
)
const ALERTS = sectionsIn(pageOf('monitoring.md').split('## Runbook')[1] ?? '', (part) =>
  // The steps. The sentences before them say what has happened.
  [...part.replace(/^(?!\d\. ).*$/gm, '').matchAll(/`([^`]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => /^(?:sudo )?authd /.test(code)),
)

/** Programs of the machine, which this test does not run. */
const OTHERS = ['df', 'du', 'ls', 'journalctl', 'systemctl', 'tar']
/** What an operator types when asked. */
const ANSWERS: Record<string, string> = {
  'users delete': '--confirm=ada@example.com',
  'lockdown on': '--confirm=lockdown',
  'sessions revoke --all': '--confirm=all',
  'totp reset -': '--yes',
}
/** No daemon and no mail server is there. There, `doctor` finds something, and `config check` no configuration. */
const MAY_END_WITH: Record<string, number[]> = {
  healthcheck: [1],
  status: [1],
  'email test': [69],
  'config check': [78],
  doctor: [1],
}

interface Line {
  words: string[]
  /** The command before a pipe. */
  from?: string[]
}

/** Headings of the second and third level with the commands below them. Without those that have none. */
function sectionsIn(page: string, commandsIn: (part: string) => string[]): [string, string[]][] {
  const parts = page.split(/^#{2,3} /m).slice(1)
  const sections = parts.map((part): [string, string[]] => [
    part.split('\n')[0] ?? '',
    commandsIn(part).map((line) => line.trim().replace(/^sudo /, '')),
  ])
  return sections.filter(([, lines]) => lines.length > 0)
}

/** A line of shell without variables, as words. */
function wordsOf(text: string): string[] {
  return [...text.trim().matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, three]) => one ?? two ?? three ?? '')
}

function read(line: string, ids: Record<string, string>): Line {
  const known = line.replace(/\b[A-Z]{3,}\b/g, (word) => ids[word] ?? word)
  const [last = '', from] = known.split(' | ').toReversed()
  return { words: wordsOf(last).slice(1), ...(from !== undefined && { from: wordsOf(from).slice(1) }) }
}

const valueFor = <Value>(table: Record<string, Value>, words: string[]): Value | undefined =>
  Object.entries(table).find(([start]) => `${words.join(' ')} `.startsWith(`${start} `))?.[1]

/** Runs the commands of authd in a section, and gives those that end in another way than they should. */
async function follow(place: Shell, lines: string[], ids: Record<string, string>): Promise<string[]> {
  const faults: string[] = []
  for (const line of lines) {
    if (OTHERS.includes(line.split(' ')[0] ?? '')) continue
    const { words, from } = read(line, ids)
    const answer = valueFor(ANSWERS, words) ?? '--yes'
    const input = from === undefined ? '' : (await place.run(from)).stdout
    const { code, stderr } = await place.run([...words, answer], { input })
    const isRight = code === 0 || valueFor(MAY_END_WITH, words)?.includes(code ?? -1)
    if (!line.startsWith('authd ') || !isRight) faults.push(`${line}: ${code} ${stderr}`)
  }
  return faults
}

let folder: Furnished
const ids = () => ({ ...folder.ids, BACKUP: EARLIER })
beforeAll(async () => {
  folder = await furnished()
})

const EARLIER = 'authd-2026-01-01T00-00-00Z'
const earlier = (name: string) => name.replace(/^authd-[^.]+/, EARLIER)

/** Its backup is of another second, and so cannot have the name of the next one. */
async function copied(): Promise<Shell> {
  const place = await folder.copy()
  const backups = join(place.folder, 'authd-data/backups')
  for (const name of await readdir(backups)) await rename(join(backups, name), join(backups, earlier(name)))
  return place
}

test.each([...INCIDENTS, ...ALERTS])('each command works as the page has it: %s', async (_, lines) => {
  const place = await copied()

  const faults = await follow(place, lines, ids())

  expect(faults).toEqual([])
})

const linesOf = (heading: string) => new Map(INCIDENTS).get(heading) ?? []
const json = async (place: Shell, ...args: string[]) => JSON.parse((await place.run([...args, '--json'])).stdout)

test('a thief of a mailbox has nothing left: no session, no factor, and mail alone does not sign in', async () => {
  const place = await copied()

  await follow(place, linesOf("Somebody's mailbox was taken over"), ids())
  const user = await json(place, 'users', 'show', 'ada@example.net')
  const live = await json(place, 'sessions', 'list')

  expect(user).toMatchObject({ email: 'ada@example.net', status: 'active', mfa_policy: 'required' })
  expect([live.data, await json(place, 'passkeys', 'list', 'ada@example.net')]).toMatchObject([[], { data: [] }])
})

test('a revoked API key and a deleted user are gone, and the page leaves a new key', async () => {
  const place = await copied()

  await follow(place, linesOf('An API key'), ids())
  await follow(place, linesOf('A user leaves'), ids())
  const keys = await json(place, 'api-keys', 'list')
  const users = await json(place, 'users', 'list', '--search', 'ada@')

  expect(keys.data.map(({ revoked }: { revoked: boolean }) => revoked).toSorted()).toEqual([false, true])
  expect(users.data).toEqual([])
})

test('a user stays signed in when the folders are moved to another machine', async () => {
  const old = await shell()
  const before = await old.serve(['--dev'])
  const headers = { 'Content-Type': 'application/json' }
  const post = async (path: string, body: object) =>
    (await (await fetch(before.url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as Record<
      string,
      string
    >
  const { attempt_token } = await post('/v1/signin', { email: 'ada@example.com' })
  const [, code] = await before.until(/Code\s+(\d{6})/)
  const { refresh_token } = await post('/v1/signin/code', { attempt_token, code })
  before.kill('SIGTERM')
  await before.exit

  const next = await shell({ data: false })
  await cp(join(old.folder, 'authd-data'), join(next.folder, 'authd-data'), { recursive: true })
  const after = await next.serve(['--dev'])
  await until(async () => expect((await fetch(`${after.url}/readiness`)).status).toBe(200))
  const body = JSON.stringify({ refresh_token })
  const refreshed = await fetch(`${after.url}/v1/token/refresh`, { method: 'POST', headers, body })

  expect(refreshed.status).toBe(200)
})
