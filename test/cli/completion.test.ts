import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { offerOf } from '../../src/cli/completion/offer.ts'
import { PROGRAM, type Shell, shell } from '../support/cli.ts'
import { fillRow } from '../support/fill-row.ts'

const TIMEOUT_MS = 60_000

/** Prints what TAB offers or completes after the line. `$0` is the script, `$1` the line. */
const DRIVERS: Record<string, { start: string[]; driver: string }> = {
  bash: {
    start: ['bash', '--norc', '-c'],
    // As readline does it: what is offered takes the place of the text after the last of these characters and any @.
    driver: `. "$0"; COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'; COMP_LINE="$1"; COMP_POINT=\${#1}; _authd authd
kept="\${1%"\${1##*[$COMP_WORDBREAKS]}"}"; kept="\${kept%@}"; printf '%s\\n' "\${COMPREPLY[@]/#/"$kept"}"`,
  },
  fish: { start: ['fish', '--no-config', '-c'], driver: 'source $argv[1]; complete -C $argv[2]' },
  // The word that the first TAB leaves on the line. zsh loads the file only then.
  zsh: {
    start: ['zsh', '-f', '-c'],
    driver: `zmodload zsh/zpty; zpty shell zsh -f -i
zpty -w shell "fpath=(\${(q)0:h} \\$fpath); autoload -Uz compinit; compinit -u -D; authd() { if [[ \\$1 = __complete ]]; then command authd \\"\\$@\\"; else print -r -- GOT:\\$*:; fi }; print RE''ADY"
zpty -r shell seen '*READY*'; zpty -w -n shell "$1"$'\\t\\n'; zpty -r shell seen '*GOT:*:*'; print -r -- \${\${seen##*GOT:}%%:*}`,
  },
}

// zsh and fish are tried where they are installed. bash is always there.
const SHELLS = Object.keys(DRIVERS).filter((name) => name === 'bash' || spawnSync(name, ['-c', 'exit']).status === 0)

/** The words on the line after the first TAB, or those that it offers. */
async function pressTab(place: Shell, name: string, line: string): Promise<string[]> {
  const { stdout: script } = await place.run(['completion', name])
  const file = join(place.folder, 'site', '_authd')
  await mkdir(join(place.folder, 'site'), { recursive: true })
  await writeFile(file, script)
  await mkdir(join(place.folder, 'bin'), { recursive: true })
  await symlink(PROGRAM, join(place.folder, 'bin', 'authd')).catch(() => undefined)
  const { start, driver } = DRIVERS[name] ?? { start: [], driver: '' }
  const [program = '', ...options] = start
  const env = { PATH: `${join(place.folder, 'bin')}:${process.env['PATH']}`, HOME: place.folder, TERM: 'dumb' }

  const ran = promisify(execFile)(program, [...options, driver, file, line], {
    cwd: place.folder,
    timeout: TIMEOUT_MS,
    env,
  })

  return (await ran).stdout.split(/\s+/)
}

/** What the scripts ask authd for: the words offered for the last one, and what is said about them. */
async function offered(place: Shell, ...words: string[]): Promise<string[][]> {
  const { stdout, stderr, code } = await place.run(['__complete', ...words])
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'))
}

async function withPeople(options: { forFile?: boolean } = {}): Promise<Shell> {
  const place = await shell(options)
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com', '--name', 'Ada'])
  await place.run(['users', 'add', 'bob@example.com', 'carol@example.com'])
  return place
}

test.each(
  SHELLS.flatMap((name) =>
    [
      ['authd us', 'users'],
      ['authd -c /etc/x.toml us', 'users'],
      ['authd users -v --config /etc/x.toml li', 'list'],
      ['authd user li', 'list'],
      ['authd users ls --jsonl --inac', '--inactive'],
      ['authd users show ada@example.com --no-inp', '--no-input'],
    ].map(([line = '', word = '']) => [name, line, word] as const),
  ),
)('%s completes "%s" to %s at the first TAB', async (name, line, word) => {
  expect(await pressTab(await shell(), name, line)).toContain(word)
})

test.each(
  SHELLS.flatMap((name) =>
    [
      ['authd users list --status inv', 'invited'],
      ['authd users list --status=inv', '--status=invited'],
      ['authd config reference smtp.ho', 'smtp.host'],
      ['authd users disable bob@example.com ad', 'ada@example.com'],
      ['authd users show ada@exam', 'ada@example.com'],
      ['authd audit list --user=ada@exam', '--user=ada@example.com'],
    ].map(([line = '', word = '']) => [name, line, word] as const),
  ),
)('%s completes the value in "%s" to %s', async (name, line, word) => {
  const words = await pressTab(await withPeople(), name, line)

  // bash prints what is left of the word, with the line before it.
  expect(words).toContain(word)
})

test.each(SHELLS)('%s completes the names of files where a file is asked for', async (name) => {
  const place = await shell()
  await writeFile(join(place.folder, 'people.csv'), '')
  const answer = await offered(place, 'users', 'import', 'peo')

  const words = await pressTab(place, name, 'authd users import peo')

  expect(answer).toEqual([[':files']])
  // In bash it is readline that completes them, after the function.
  expect(words).toContain(name === 'bash' ? '' : 'people.csv')
})

/** With a row of each kind. No test changes it. */
let busy: Shell
beforeAll(async () => {
  busy = await withPeople({ forFile: true })
  await busy.run(['users', 'invite', 'dora@example.com'])
  await busy.run(['api-keys', 'create', '--name', 'shop', '--role', 'viewer'])
  await busy.run(['webhooks', 'add', 'https://app.example.com/events'])
  await busy.run(['ipfilter', 'add', '203.0.113.0/24', '--reason', 'stuffing'])
  addDevices(busy)
})

test.each([
  [
    ['users', 'show', ''],
    ['ada@example.com', 'Ada'],
  ],
  [
    ['users', 'show', 'usr_'],
    [expect.stringMatching(/^usr_/), 'ada@example.com'],
  ],
  [
    ['lockouts', 'clear', '--user', 'a'],
    ['ada@example.com', 'Ada'],
  ],
  [
    ['sessions', 'show', ''],
    ['ses_1', 'ada@example.com'],
  ],
  [
    ['api-keys', 'revoke', 'key'],
    [expect.stringMatching(/^key_/), 'shop'],
  ],
  [
    ['webhooks', 'show', ''],
    [expect.stringMatching(/^whe_/), 'https://app.example.com/events'],
  ],
  [
    ['email', 'cancel', ''],
    [expect.stringMatching(/^msg_/), 'dora@example.com'],
  ],
  [
    ['audit', 'show', 'evt_'],
    [expect.stringMatching(/^evt_/), 'user.registered'],
  ],
  [
    ['ipfilter', 'remove', ''],
    ['203.0.113.0/24', 'stuffing'],
  ],
  [
    ['passkeys', 'remove', 'ada@example.com', ''],
    ['pk_1', 'YubiKey 5'],
  ],
  [
    ['config', 'show', '--section', 'sm'],
    ['smtp', expect.stringContaining('mail')],
  ],
  [
    ['settings', 'set', 'signup.p'],
    ['signup.policy', expect.any(String)],
  ],
  [
    ['settings', 'set', 'signup.policy', 'cl'],
    ['closed', ''],
  ],
  [
    ['email', 'preview', 'invi'],
    ['invitation', ''],
  ],
  [
    ['email', 'preview', 'invitation', '--lang', 'd'],
    ['de', ''],
  ],
  [
    ['audit', 'list', '--event', 'user.registered,session.c'],
    ['user.registered,session.created', expect.any(String)],
  ],
  [
    ['users', 'recover', 'ada@example.com', '--remove=totp,pass'],
    ['--remove=totp,passkeys', ''],
  ],
  [
    ['completion', 'z'],
    ['zsh', ''],
  ],
  [
    ['--color', 'al'],
    ['always', ''],
  ],
])('the words %j are completed to %j', async (words, one) => {
  expect(await offered(busy, ...words)).toContainEqual(one)
})

test('text that a shell would run is never offered, and none reaches a terminal raw', async () => {
  const place = await withPeople()
  await place.run(['users', 'add', '`id`@example.com'])
  const database = new DatabaseSync(join(place.folder, 'authd-data', 'authd.db'))
  database.exec("UPDATE users SET name = 'Eve \u001b]0;owned\u0007' || char(9) || char(10) || 'x' WHERE name = 'Ada'")
  database.close()

  const words = await offered(place, 'users', 'show', '')
  const typed = await offered(place, 'audit', 'list', '--event', '$(id),user.re')

  expect(words.map(([word = '']) => word).filter((word) => !/^[a-z0-9@._]+$/.test(word))).toEqual([])
  expect(words).toContainEqual(['ada@example.com', 'Eve  ]0;owned   x'])
  expect(words).toContainEqual([expect.stringMatching(/^usr_/), '`id`@example.com'])
  expect(typed).toEqual([])
})

test('bash runs nothing of what is typed or offered', async () => {
  const place = await withPeople()
  await place.run(['users', 'add', `\`touch\${IFS}ran\`@example.com`])

  await pressTab(place, 'bash', 'authd users show ')
  await pressTab(place, 'bash', 'authd users show $(touch ran)`touch ran`a')
  await pressTab(place, 'bash', 'authd users show --format=$(touch ran)')

  expect(existsSync(join(place.folder, 'ran'))).toBe(false)
})

test('of many names the first and the last are offered, so that no shell completes too far', async () => {
  const place = await shell()
  await place.run(['migrate'])
  const addresses = Array.from({ length: 200 }, (_, index) => `a${String(index).padStart(3, '0')}@example.com`)
  await place.run(['users', 'add', '-'], { input: addresses.join('\n') })

  const words = await offered(place, 'users', 'show', 'a')

  expect(words.length).toBeLessThan(100)
  expect(words.at(0)?.[0]).toBe('a000@example.com')
  expect(words.at(-1)?.[0]).toBe('a199@example.com')
})

test.each([
  ['no data folder', async () => await shell({ data: false })],
  ['a file that is not a database', async () => await brokenDatabase('not a database')],
  ['an empty data folder', async () => await shell()],
  ['a configuration with mistakes', async () => await badConfiguration()],
])('without a database that can be read, TAB says nothing and makes nothing (%s)', async (_, made) => {
  const place = await made()
  const before = spawnSync('find', [place.folder]).stdout.toString()

  expect(await offered(place, 'users', 'show', 'a')).toEqual([])
  expect(spawnSync('find', [place.folder]).stdout.toString()).toBe(before)
})

/** Nothing that is known before the command runs can be offered for these. */
const FREE = new Set([
  ...['actor', 'cidr', 'confirm', 'cursor', 'description', 'dkim-selector', 'dns-server', 'email', 'email-from'],
  ...['expires', 'fields', 'forwarded-for', 'grep', 'inactive', 'ip', 'listen', 'name', 'older-than'],
  ...[
    'overlap',
    'path',
    'reason',
    'recipient',
    'request-id',
    'rp-id',
    'search',
    'since',
    'smtp-host',
    'smtp-user',
    'timeout',
    'to',
  ],
  ...['until', 'url', 'db', 'events', 'keep', 'limit', 'lines', 'smtp-port'],
])

test('every argument and flag that takes a value says what TAB offers for it', async () => {
  const missing = new Set<string>()
  const free = new Set<string>()
  for (const [id, { load }] of Object.entries(COMMANDS)) {
    const { default: Command } = await load()
    const flags = Object.entries({ ...Command.baseFlags, ...Command.flags }).filter(([, { type }]) => type === 'option')
    for (const [name, declared] of [...Object.entries(Command.args), ...flags]) {
      if ('options' in declared || offerOf(declared) !== undefined) continue
      if (FREE.has(name)) free.add(name)
      else missing.add(`${id}: ${name}`)
    }
  }

  expect([...missing]).toEqual([])
  expect([...FREE].filter((name) => !free.has(name))).toEqual([])
})

test('each summary and description is in the scripts of zsh and fish', async () => {
  const place = await shell()
  const [zsh, fish] = await Promise.all([place.run(['completion', 'zsh']), place.run(['completion', 'fish'])])

  for (const { stdout } of [zsh, fish]) {
    expect(stdout).toContain('List users, newest first.')
    expect(stdout).toContain('Only users with this status.')
  }
})

function addDevices({ folder }: Shell): void {
  const database = new DatabaseSync(join(folder, 'authd-data', 'authd.db'))
  const { id } = database.prepare("SELECT id FROM users WHERE email = 'ada@example.com'").get() as { id: string }
  fillRow(database, 'sessions', { id: 'ses_1', user_id: id })
  fillRow(database, 'passkeys', { id: 'pk_1', user_id: id, credential_id: 'x', name: 'YubiKey 5' })
  database.close()
}

async function brokenDatabase(text: string): Promise<Shell> {
  const place = await shell()
  await writeFile(join(place.folder, 'authd-data', 'authd.db'), text)
  return place
}

async function badConfiguration(): Promise<Shell> {
  const place = await shell({ data: false })
  await writeFile(join(place.folder, 'config.toml'), 'nonsense = 1\n')
  await chmod(join(place.folder, 'config.toml'), 0o600)
  return place
}
