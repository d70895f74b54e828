import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'
import { fillRow } from '../support/fill-row.ts'

/** What acts on a terminal, breaks a line, or changes the order of what is shown; apart from the layout of commands. */
const ACTS = /(?!\n|\t)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u
const FORGED = 'root usr_forged'
const HOSTILE = `Eve \u001b]0;owned\u0007\u009b31m\u202e\u2066\u2028\u0085\r\n${FORGED}\tend`

/** Text of strangers in every column that a command shows, as a database of an older version may have it. */
const COLUMNS: Record<string, string[]> = {
  users: ['name', 'disabled_reason', 'email_typed'],
  sessions: ['user_agent', 'revoked_reason', 'revoked_by'],
  passkeys: ['name'],
  api_keys: ['name', 'created_by'],
  ip_filters: ['reason', 'created_by'],
  webhook_endpoints: ['description'],
  outbox: ['last_error'],
  outbox_tries: ['response'],
  mail_suppressions: ['response'],
  audit_logs: ['user_agent', 'actor', 'request_id'],
}

const SHOWING = [
  ['users', 'list'],
  ['users', 'show', 'ada@example.com'],
  ['users', 'export', 'ada@example.com'],
  ['users', 'update', 'ada@example.com', '--name', 'Ada', '-n'],
  ['passkeys', 'list', 'ada@example.com'],
  ['passkeys', 'rename', 'ada@example.com', 'pk_1', 'New', '-n'],
  ['sessions', 'list'],
  ['sessions', 'show', 'ses_1'],
  ['api-keys', 'list'],
  ['ipfilter', 'list'],
  ['ipfilter', 'export'],
  ['ipfilter', 'check', '203.0.113.9'],
  ['webhooks', 'list'],
  ['email', 'queue'],
  ['suppressions', 'list'],
  ['audit', 'list'],
  ['audit', 'tail', '-n', '100'],
  ['audit', 'tail', '-n', '100', '-o', 'full'],
  ['audit', 'export', '--format', 'csv'],
  ['audit', 'export', '--format', 'cef'],
  ['audit', 'export'],
  ['explain', 'ada@example.com'],
  ['top'],
]

const MODES = [[], ['--plain', '--header'], ['--json'], ['--jsonl']]

async function withHostileRows(): Promise<Shell> {
  const place = await shell({ inProcess: true })
  for (const args of [
    ['migrate'],
    ['users', 'add', 'ada@example.com', '--name', 'Ada'],
    ['users', 'disable', 'ada@example.com', '--reason', 'x'],
    ['users', 'invite', 'bob@example.com'],
    ['api-keys', 'create', '--name', 'shop', '--scope', 'introspect'],
    ['ipfilter', 'add', '203.0.113.0/24', '--reason', 'x'],
    ['webhooks', 'add', 'https://app.example.com/events', '--description', 'x'],
  ]) {
    await place.run(args)
  }
  const db = new DatabaseSync(join(place.folder, 'authd-data', 'authd.db'))
  const { id } = db.prepare("SELECT id FROM users WHERE email = 'ada@example.com'").get() as { id: string }
  const later = Date.now() * 2
  fillRow(db, 'sessions', {
    id: 'ses_1',
    user_id: id,
    idle_expires_at: later,
    expires_at: later,
    last_seen_at: Date.now(),
  })
  fillRow(db, 'passkeys', { id: 'pk_1', user_id: id, credential_id: 'x' })
  fillRow(db, 'mail_suppressions', { address: 'bob@example.com', suppressed_until: later, refusals: 3 })
  for (const [table, columns] of Object.entries(COLUMNS))
    for (const column of columns) db.prepare(`UPDATE ${table} SET ${column} = ?`).run(HOSTILE)
  db.prepare('UPDATE audit_logs SET metadata = ?').run(JSON.stringify({ reason: HOSTILE, [HOSTILE]: HOSTILE }))
  db.close()
  return place
}

describe('text of strangers', () => {
  test('never acts on a terminal or forges a line, whatever command shows it and however', async () => {
    const place = await withHostileRows()

    const acting: string[] = []
    const forged: string[] = []
    let shown = 0
    for (const args of SHOWING.flatMap((command) => MODES.map((mode) => [...command, ...mode, '--no-pager'])))
      for (const isTerminal of args[0] === 'top' && args.length === 2 ? [false] : [false, true]) {
        const { stdout, stderr } = await place.run(args, { isTerminal, env: { NO_COLOR: '1' } })
        const text = stdout + stderr
        const where = `${args.join(' ')}${isTerminal ? ' (terminal)' : ''}`
        if (ACTS.test(text))
          acting.push(`${where}: ${JSON.stringify(text.match(new RegExp(`.{0,40}${ACTS.source}`, 'u'))?.[0])}`)
        if (text.split('\n').some((line) => line.startsWith(FORGED))) forged.push(where)
        if (text.includes(FORGED)) shown += 1
      }

    expect({ acting, forged }).toEqual({ acting: [], forged: [] })
    expect(shown).toBeGreaterThan(60)
  })

  test('is escaped in JSON and keeps its value, in a file too', async () => {
    const place = await withHostileRows()
    const file = join(place.folder, 'log.jsonl')

    const { stdout } = await place.run(['users', 'show', 'ada@example.com', '--json'], { isTerminal: true })
    await place.run(['audit', 'export', '-o', file])

    const exported = await readFile(file, 'utf8')
    expect([ACTS.test(stdout), ACTS.test(exported)]).toEqual([false, false])
    expect(JSON.parse(stdout).name).toBe(HOSTILE)
    expect(JSON.parse(exported.split('\n')[0] ?? '').user_agent).toBe(HOSTILE)
  })
})

const TYPING = [
  ['users', 'add', 'bob@example.com', '--name'],
  ['users', 'invite', 'bob@example.com', '--name'],
  ['users', 'update', 'ada@example.com', '--name'],
  ['users', 'disable', 'ada@example.com', '--reason'],
  ['users', 'recover', 'ada@example.com', '--yes', '--reason'],
  ['passkeys', 'rename', 'ada@example.com', 'pk_1'],
  ['api-keys', 'create', '--scope', 'introspect', '--name'],
  ['webhooks', 'add', 'https://app.example.com/events', '--description'],
  ['ipfilter', 'add', '198.51.100.0/24', '--reason'],
  ['settings', 'set', 'app.name'],
]

describe('a line break in an argument', () => {
  test.each([
    [['users', 'show', `z\n${FORGED}`]],
    [['users', `z\n${FORGED}`]],
    [['users', 'show', `z\r\n${FORGED}`]],
    [['users', 'list', '--limit', `z\n${FORGED}`]],
    [['audit', 'list', '--since', `z\n${FORGED}`]],
    [['sessions', 'list', '--user', `z\n${FORGED}`]],
    [[`z\n${FORGED}`]],
    [['config', 'check', `z\n${FORGED}`]],
    [['suppressions', 'remove', `z\n${FORGED}`]],
    [['users', 'list', `--z\n${FORGED}`]],
    [['users', 'add', 'ada@example.com', '--fields', `z\n${FORGED}`]],
    [['ipfilter', 'check', `z\n${FORGED}`]],
    [['help', `z\n${FORGED}`]],
  ])('forges no line of an error: %j', async (args) => {
    const place = await shell({ inProcess: true })
    await place.run(['migrate'])

    const { code, stdout, stderr } = await place.run(args)

    expect([code === 0, stdout]).toEqual([false, ''])
    expect(stderr.split('\n').filter((line) => /^\s*root usr_forged/.test(line))).toEqual([])
    expect(stderr.replaceAll('\n', '')).not.toMatch(ACTS)
  })

  test('forges no line of an invalid configuration, whose problems keep their own lines', async () => {
    const place = await shell({ inProcess: true })
    const input = `[server]\nport = "z\\n${FORGED}"\n[app]\nname = 5\n`

    const { code, stderr } = await place.run(['config', 'check', '-'], { input })

    const lines = stderr.split('\n')
    expect([code, lines.filter((line) => line.startsWith(FORGED))]).toEqual([78, []])
    expect(lines.some((line) => /^ +\^$/.test(line))).toBe(true)
  })
})

describe('a text that an operator types', () => {
  test.each(TYPING)('%s %s %s %s is refused with the character in question', async (...args) => {
    const place = await shell({ inProcess: true })
    await place.run(['migrate'])
    await place.run(['users', 'add', 'ada@example.com'])

    const { code, stdout, stderr } = await place.run([...args, 'a\u202eb'])

    expect([code, stdout]).toEqual([expect.any(Number), ''])
    expect(code).toBeGreaterThan(63)
    expect(stderr).toMatch(/U\+202E|app\.name/)
  })

  test('is refused in a rule of an imported list, and with U+0000 on stdin', async () => {
    const place = await shell({ inProcess: true })
    await place.run(['migrate'])

    const rule = await place.run(['ipfilter', 'import', '-'], { input: '203.0.113.0/24 # a\u202eb\n' })
    const stdin = await place.run(['users', 'add', '-'], { input: 'ada@example.com\nb\0b@example.com\n' })

    expect([rule.code, rule.stderr]).toEqual([65, expect.stringMatching(/stdin:1: .*U\+202E/)])
    expect([stdin.code, stdin.stderr]).toEqual([65, 'authd: stdin, line 2: Contains U+0000. Remove it.\n'])
  })
})
