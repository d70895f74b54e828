import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { GROUPS } from '../../src/cli/commands/index.ts'
import { PROGRAM, shell } from '../support/cli.ts'

test('each summary is one short sentence that begins with a verb', () => {
  const summaries = GROUPS.flatMap(({ commands }) => Object.values(commands).map(({ summary }) => summary))

  expect(summaries.filter((summary) => !/^[A-Z][a-z]+,? .{5,60}\.$/.test(summary))).toEqual([])
})

test('--version prints one line on stdout', async () => {
  const { run } = await shell()

  expect(await run(['--version'])).toEqual({ code: 0, stdout: 'authd 0.1.0\n', stderr: '' })
})

test('--help prints on stdout with exit code 0 in any position', async () => {
  const { run } = await shell()
  const [after, before] = await Promise.all([run(['users', 'list', '--help']), run(['-h', 'users', 'list'])])

  expect(after).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Usage: authd users list') })
  expect(before).toEqual(after)
})

test('an unknown command exits with 64 and suggests the nearest one', async () => {
  const { run } = await shell()

  const { code, stdout, stderr } = await run(['users', 'lst'])

  expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
  expect(stderr).toBe('authd: unknown command "users lst"\nTry: authd users list\n')
})

test('with --json an error is one line of JSON on stderr, and stdout stays empty', async () => {
  const { run } = await shell()

  const { code, stdout, stderr } = await run(['users', 'show', 'nobody@example.com', '--json'])

  expect({ code, stdout }).toEqual({ code: 69, stdout: '' })
  expect(JSON.parse(stderr).error).toMatchObject({ code: 'UNAVAILABLE', exit_code: 69 })
})

test('exit codes: 0, 64, 65, 67, 78', async () => {
  const { run } = await shell()
  await run(['migrate'])
  const codes = []
  for (const args of [
    ['users', 'list'],
    ['users', 'list', '--limit', '0'],
    ['users', 'add', 'x@@y'],
    ['users', 'show', 'usr_nobody'],
  ]) {
    codes.push((await run(args)).code)
  }
  const bad = await run(['users', 'list'], { env: { AUTHD_SERVER_PORT: '84200' } })

  expect([...codes, bad.code]).toEqual([0, 64, 65, 67, 78])
  expect(bad.stderr).toContain('server.port')
})

test.each([
  [64, ['users', 'list', '--inactive', 'long'], '--inactive: "long" is not a time. Use 15m,'],
  [64, ['users', 'list', '--timeout', '5'], '--timeout: "5" is not a duration. Use 5s or 500ms.'],
  [64, ['users', 'invite', 'ada@example.com', '--expires', '1y'], '--expires: "1y" is not a duration up to 90d.'],
  [65, ['users', 'add', 'ada'], '"ada" is not an e-mail address.'],
  [65, ['users', 'update', 'ada@example.com', '--email', 'ada'], '--email: "ada" is not an e-mail address.'],
  [64, ['users', 'recover', 'ada@example.com', '--reason', 'lost', '--remove', 'phone'], 'unknown factor "phone"'],
  [64, ['sessions', 'revoke'], 'No sessions named.'],
  [64, ['sessions', 'revoke', '--all'], 'Try: authd sessions revoke --all --confirm=all'],
  [64, ['lockdown', 'on', '--reason', 'a theft'], "Try: authd lockdown on --reason 'a theft' --confirm=lockdown"],
  [64, ['lockouts', 'clear'], '--user or --ip is required.'],
  [64, ['api-keys', 'create', '--name', 'shop'], '--scope or --role'],
  [64, ['email', 'retry'], 'No mails named.'],
  [64, ['webhooks', 'redeliver'], 'No deliveries named.'],
  [64, ['webhooks', 'update', 'whe_1'], 'Nothing to change.'],
  [66, ['webhooks', 'add', 'https://app.example.com', '--secret-file', 'none'], 'none cannot be read.'],
  [64, ['ipfilter', 'add', '203.0.113.9'], '--reason is missing.'],
  [66, ['ipfilter', 'import', 'none'], 'none cannot be read.'],
  [64, ['email', 'preview', 'signin', '--lang', 'xx'], '--lang: "xx" is unknown. Use one of en, '],
  [64, ['users', 'invite', 'ada@example.com', '--lang', 'xx'], '--lang: "xx" is unknown. Use one of en, '],
  [64, ['stats', '--since', '900d'], '--since: at most 400 days back.'],
])('%i for authd %j, without a configuration or a database', async (exitCode, args, message) => {
  const { run } = await shell({ data: false })

  const { code, stderr } = await run(args)

  expect(stderr).toContain(message)
  expect(code).toBe(exitCode)
})

test('in a pipe a list is tab-separated without a header, and --json adds the envelope', async () => {
  const { run } = await shell()
  await run(['migrate', 'up'])
  await run(['users', 'add', 'ada@example.com', '--name', 'Ada'])

  const plain = await run(['users', 'list', '--fields', 'email,status'])
  const json = await run(['users', 'list', '--json'])
  const lines = await run(['users', 'list', '--jsonl'])

  expect(plain.stdout).toBe('ada@example.com\tactive\n')
  expect(JSON.parse(json.stdout)).toMatchObject({ data: [{ email: 'ada@example.com' }], next_cursor: null, total: 1 })
  expect(JSON.parse(lines.stdout)).toMatchObject({ email: 'ada@example.com', name: 'Ada' })
})

test('a dry run shows the result and changes nothing', async () => {
  const { run } = await shell()
  await run(['migrate'])

  const dry = await run(['users', 'add', 'ada@example.com', '-n', '--json'])
  const list = await run(['users', 'list', '--json'])

  expect(JSON.parse(dry.stdout)).toMatchObject({ email: 'ada@example.com', changed: true, dry_run: true })
  expect(JSON.parse(list.stdout).total).toBe(0)
})

test('an irreversible command requires the name as confirmation, and shows the full command', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const asked = await run(['users', 'delete', 'ada@example.com'])
  const wrong = await run(['users', 'delete', 'ada@example.com', '--confirm', 'bob@example.com'])
  const right = await run(['users', 'delete', 'ada@example.com', '--confirm', 'ada@example.com', '--json'])

  expect(asked).toMatchObject({ code: 64, stdout: '' })
  expect(asked.stderr).toContain('Try: authd users delete ada@example.com --confirm=ada@example.com')
  expect(wrong.code).toBe(64)
  expect(JSON.parse(right.stdout)).toMatchObject({ email: 'ada@example.com', changed: true })
})

test('adding several users is all or nothing, and - reads them from stdin', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const refused = await run(['users', 'add', '-'], { input: 'bob@example.com\nada@example.com\n' })
  const added = await run(['users', 'add', '-', '--if-not-exists', '--json'], {
    input: 'bob@example.com\nada@example.com\n',
  })
  const list = await run(['users', 'list', '--json'])

  expect(refused.code).toBe(65)
  expect(JSON.parse(added.stdout).data.map(({ changed }: { changed: boolean }) => changed)).toEqual([true, false])
  expect(JSON.parse(list.stdout).total).toBe(2)
})

test('the audit log records the operator, the command and the reason', async () => {
  const { run } = await shell()
  await run(['migrate'])
  const env = { SUDO_USER: 'grace', SSH_CONNECTION: '203.0.113.9 5022 10.0.0.1 22' }
  await run(['users', 'add', 'ada@example.com', '--reason', 'new colleague'], { env })

  const { stdout } = await run(['audit', 'tail', '--event', 'user.*'])

  expect(JSON.parse(stdout)).toMatchObject({
    seq: 2,
    event_type: 'user.registered',
    actor: expect.stringMatching(/^cli:grace@/),
    metadata: { command: 'users add', reason: 'new colleague', ssh_client: '203.0.113.9' },
  })
})

test('SECURITY: the SSH client is known where sudo drops it from the environment', async () => {
  const { folder, run } = await shell()
  await run(['migrate'])
  const outer = { PATH: process.env['PATH'], SUDO_USER: 'grace', SSH_CONNECTION: '203.0.113.9 5022 10.0.0.1 22' }

  // The shell waits, so it stays above the command, as sudo does.
  const command = 'env -i PATH="$PATH" HOME=/ "$0" users add ada@example.com; true'
  await promisify(execFile)('sh', ['-c', command, PROGRAM], { cwd: folder, env: outer })

  const { stdout } = await run(['audit', 'tail', '--event', 'user.*'])
  expect(JSON.parse(stdout)).toMatchObject({
    actor: expect.stringMatching(/^cli:grace@/),
    metadata: { ssh_client: '203.0.113.9' },
  })
})

test('SECURITY: a server secret that every user can read is refused, and an empty one has its next step', async () => {
  const { folder, run } = await shell()
  await run(['migrate'])
  await run(['users', 'list'])
  const secret = join(folder, 'authd-data/secret')
  const list = () => run(['users', 'list'])

  await chmod(secret, 0o644)
  const open = await list()
  await chmod(secret, 0o600)
  await writeFile(secret, '')
  const empty = await list()

  expect([open.code, empty.code]).toEqual([78, 78])
  expect(open.stderr).toContain(`Try: chmod o-rwx ${secret}`)
  expect(empty.stderr).toContain('Restore the file from a backup')
})

test('an export that fails records nothing it has not written, and leaves no part of a file', async () => {
  const { folder, run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])
  await writeFile(join(folder, 'taken.json'), 'mine')

  const taken = await run(['users', 'export', 'ada@example.com', '-o', 'taken.json'])
  const unknown = await run(['users', 'export', 'bob@example.com', '-o', 'bob.json'])

  expect([taken.code, unknown.code]).toEqual([73, 67])
  expect((await run(['audit', 'tail', '--event', 'user.exported'])).stdout).toBe('')
  expect(await readFile(join(folder, 'taken.json'), 'utf8')).toBe('mine')
  expect(existsSync(join(folder, 'bob.json'))).toBe(false)
})

test.each(['bash', 'zsh', 'fish'])('the %s completion knows commands and flags', async (name) => {
  const { run } = await shell()

  const { code, stdout } = await run(['completion', name])

  expect(code).toBe(0)
  expect(stdout).toContain('sessions')
  expect(stdout).toContain('--dry-run')
})

test('an unknown field is rejected, and the known ones are named', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const { code, stderr } = await run(['users', 'list', '--fields', 'id,emial'])

  expect(code).toBe(64)
  expect(stderr).toContain('unknown field "emial". Available: id,email,')
})

test('stdin is read only where - is given', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const revoked = await run(['sessions', 'revoke'], { input: 'ses_1\n' })
  const shown = await run(['users', 'show'], { input: 'ada@example.com\n' })

  expect([revoked.code, revoked.stderr]).toEqual([64, expect.stringContaining('No sessions named.')])
  expect([shown.code, shown.stdout]).toEqual([64, ''])
})

test.each([
  [['users', 'list', '--json', '--jsonl'], '--json or --jsonl'],
  [['users', 'list', '--plain', '--jsonl'], '--jsonl or --plain'],
  [['email', 'retry', 'msg_1', '--all-failed'], 'ids or --all-failed'],
  [['webhooks', 'redeliver', 'whd_1', '--failed'], 'ids or --failed'],
  [['sessions', 'revoke', 'ses_1', '--user', 'ada@example.com'], 'ids or --user'],
  [['sessions', 'revoke', 'ses_1', '--all'], 'ids or --all'],
])('authd %j is rejected, because one would be ignored', async (args, both) => {
  const { run } = await shell()

  const { code, stdout, stderr } = await run(args)

  expect([code, stdout]).toEqual([64, ''])
  expect(stderr).toContain(`Use ${both}, not both.`)
})

test.each([
  [67, ['webhooks', 'deliveries', 'nope'], 'No endpoint "nope".'],
  [67, ['sessions', 'list', '--user', 'nope'], 'nope'],
  [65, ['ipfilter', 'check', 'nope'], '"nope" is not an IP address.'],
  [65, ['explain', 'ada@example.com', '--ip', 'nope'], '"nope" is not an IP address.'],
  [65, ['audit', 'list', '--ip', 'nope'], 'nope'],
  [65, ['ipfilter', 'add', 'nope', '--reason', 'test'], 'nope'],
])('%i for authd %j', async (exitCode, args, message) => {
  const { run } = await shell()
  await run(['migrate'])

  const { code, stderr } = await run(args)

  expect(stderr).toContain(message)
  expect(code).toBe(exitCode)
})

test.each([
  ['users disable', 'Usage: authd users disable USER... [flags]'],
  ['sessions revoke', 'Usage: authd sessions revoke [ID...] [flags]'],
  ['users show', 'Usage: authd users show USER... [flags]'],
  ['users recover', 'Usage: authd users recover USER [flags]'],
  ['templates eject', 'Usage: authd templates eject [NAME...] [flags]'],
])('the usage of authd %s says what may be repeated', async (id, usage) => {
  const { run } = await shell()

  expect((await run([...id.split(' '), '--help'])).stdout).toContain(`${usage}\n`)
})

test('a command waits --timeout for a busy database and then exits with 75', async () => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'list'])
  const holder = new DatabaseSync(join(place.folder, 'authd-data/authd.db'))
  holder.exec('BEGIN IMMEDIATE')

  const { code, stderr } = await place.run(['users', 'add', 'ada@example.com', '--timeout', '200ms'])
  holder.exec('ROLLBACK')
  holder.close()

  expect({ code, stderr }).toEqual({
    code: 75,
    stderr: 'authd: Another process is writing to the database. Try again.\n',
  })
})

test('an imported list of networks is refused with every wrong line, by its file and number', async () => {
  const { run, folder } = await shell({ data: false })
  const file = join(folder, 'list.txt')
  await writeFile(
    file,
    ['203.0.113.0/24 # stuffing', '', '203.0.113.9/24 # a', 'nowhere # b', '198.51.100.1'].join('\n'),
  )

  const { code, stdout, stderr } = await run(['ipfilter', 'import', file])

  expect([code, stdout]).toEqual([65, ''])
  expect(stderr.split('\n')).toEqual([
    'authd: No rule was written.',
    `${file}:3: cidr: "203.0.113.9/24" is an address inside the network 203.0.113.0/24. Write the network, or the address alone.`,
    `${file}:4: cidr: "nowhere" is not an address or a network. Write 203.0.113.9, 203.0.113.0/24 or 2001:db8::/32.`,
    `${file}:5: no reason. Use "198.51.100.1 # why", or --reason for all.`,
    '',
  ])
})

test('a user without a name is shown by the address alone, once', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const { stdout } = await run(['users', 'show', 'ada@example.com'])

  expect(stdout.split('\n')[0]).toMatch(/^ada@example\.com {2}usr_\w+$/)
})

test.each([
  'postgres://authd:hunter2@db.example.com/authd',
  'postgresql://authd:p%40ss@one,two:5433/authd',
  'postgres://authd@db.example.com/authd?password=hunter2',
  'postgres://authd@db.example.com/authd?%70assword=hunter2',
  'postgres://authd:hunter?2@db.example.com/authd',
])('SECURITY: init takes no password as an argument (%s)', async (url) => {
  const { folder, run } = await shell({ data: false })

  const { code, stderr } = await run(['init', '--db', url, '--dir', folder, '--data-dir', join(folder, 'data')])

  expect(code).toBe(64)
  expect(stderr).toContain('--db-url-file')
  expect(stderr).not.toMatch(/hunter|p%40ss/)
})

test('init names the file with the URL of the database, and does not copy it', async () => {
  const { folder, run } = await shell({ data: false })
  const file = join(folder, 'url')
  await writeFile(file, 'postgres://authd:hunter2@127.0.0.1:1/authd\n', { mode: 0o600 })
  const answers = ['--url', 'https://auth.example.com', '--smtp-host', '127.0.0.1', '--email-from', 'a@example.com']
  const places = ['--dir', join(folder, 'etc'), '--data-dir', join(folder, 'data')]

  const { code } = await run(['init', '--db-url-file', file, ...places, ...answers])

  const text = await readFile(join(folder, 'etc/config.toml'), 'utf8')
  expect(code).toBe(69)
  expect(text).toContain(`url_file = "${file}"`)
  expect(text).not.toContain('hunter2')
})
