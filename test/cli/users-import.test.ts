import { statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'

async function prepared(files: Record<string, string | Buffer> = {}): Promise<Shell> {
  const place = await shell()
  await place.run(['migrate'])
  for (const [name, text] of Object.entries(files)) await writeFile(join(place.folder, name), text)
  return place
}

async function users(place: Shell) {
  const { stdout } = await place.run(['users', 'export', '--all'])
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}

const PEOPLE =
  '\ufeffEmail,Name,status,email_verified\r\nada@example.com,"Lovelace, ""Ada""",active,TRUE\r\n\r\nbob@example.com,,disabled,\r\n'

test('a CSV with byte order mark, CR LF, quotes and empty cells is imported, and a second time changes nothing', async () => {
  const place = await prepared({ 'people.csv': PEOPLE })
  const dry = await place.run(['users', 'import', 'people.csv', '-n'])
  const before = await users(place)
  const done = await place.run(['users', 'import', 'people.csv', '--json'])
  const again = await place.run(['users', 'import', 'people.csv'])

  expect([dry.stdout, before]).toEqual(['Would add 2 users.\n', []])
  expect(JSON.parse(done.stdout)).toEqual({
    created: 2,
    invited: 0,
    updated: 0,
    unchanged: 0,
    skipped: 0,
    changed: true,
  })
  expect(again).toMatchObject({ code: 0, stdout: 'Added 0 users, skipped 2 who exist.\n' })
  expect(await users(place)).toMatchObject([
    { email: 'bob@example.com', name: null, status: 'disabled', email_verified_at: null },
    { email: 'ada@example.com', name: 'Lovelace, "Ada"', status: 'active', email_verified_at: expect.any(String) },
  ])
})

test('what is exported as JSON lines or CSV can be imported elsewhere, and is private', async () => {
  const from = await prepared({
    'people.csv': `${PEOPLE}eve@example.com,=1+1,active,\r\nmax@example.com,"'=2",active,\r\n`,
  })
  await from.run(['users', 'import', 'people.csv'])
  const csv = await from.run(['users', 'export', '--all', '--format', 'csv'])
  const file = await from.run(['users', 'export', '--all', '--with-factors', '-o', 'users.jsonl'])
  const twice = await from.run(['users', 'export', '--all', '-o', 'users.jsonl'])
  const [one, two] = [await prepared({ 'users.csv': csv.stdout }), await prepared()]

  await one.run(['users', 'import', 'users.csv'])
  const piped = await two.run(['users', 'import', '-', '--partial'], {
    input: await readFile(join(from.folder, 'users.jsonl'), 'utf8'),
  })

  expect([file.code, statSync(join(from.folder, 'users.jsonl')).mode & 0o777, twice.code]).toEqual([0, 0o600, 73])
  expect(piped.stdout).toBe('Added 4 users.\n')
  const all = (await users(from)).toSorted((a, b) => (a.id < b.id ? 1 : -1))
  expect(await users(one)).toEqual(all)
  expect(await users(two)).toEqual(all)
  expect(csv.stdout).toContain("eve@example.com,'=1+1,")
})

test('every wrong row is named with its line, and nothing is imported', async () => {
  const lines = [
    '{"email":"good@example.com"}',
    'not json',
    '',
    '{"email":"x"}',
    '{"email":"a@example.com","name":"\\ud800"}',
    '{"email":"a@example.com","name":"\\u001b[31mred"}',
    '{"email":"a@example.com","password":"x"}',
    '{"email":"a@example.com","totp":{"secret":"AAAA"}}',
    '{"email":"a@example.com","created_at":"2999-01-01T00:00:00Z"}',
    '[]',
  ]
  const place = await prepared({ 'bad.jsonl': lines.join('\n') })

  const { code, stdout, stderr } = await place.run(['users', 'import', 'bad.jsonl'])

  expect([code, stdout, await users(place)]).toEqual([65, '', []])
  expect(stderr.trim().split('\n')).toEqual([
    'authd: No user was imported. 8 rows are wrong.',
    'bad.jsonl:2: Not JSON. Write one object per line, for example with jq -c.',
    'bad.jsonl:4: email: Write one e-mail address, such as ada@example.com.',
    expect.stringMatching(/^bad.jsonl:5: name: Contains U\+D800/),
    expect.stringMatching(/^bad.jsonl:6: name: Contains U\+001B/),
    'bad.jsonl:7: password: Unknown field. Remove it.',
    'bad.jsonl:8: totp.secret: Write 16 to 64 bytes in base32.',
    'bad.jsonl:9: created_at: Write a time in the past.',
    'bad.jsonl:10: Write an object.',
  ])
})

test('with --partial the correct rows are imported, and JSON says which are not', async () => {
  const place = await prepared({ 'bad.jsonl': '{"email":"a@example.com"}\n{"email":"x"}\n{"email":"b@example.com"}\n' })

  const { code, stdout, stderr } = await place.run(['users', 'import', 'bad.jsonl', '--partial', '--json'])

  const { error } = JSON.parse(stderr)
  expect([code, stdout, error.details.created, error.details.failed]).toEqual([65, '', 2, 1])
  expect(error.details.problems).toEqual(['bad.jsonl:2: email: Write one e-mail address, such as ada@example.com.'])
  expect(await users(place)).toHaveLength(2)
})

test('a line of 10 MB, other encodings and U+0000 are wrong rows, and the rows after them are read', async () => {
  const parts = ['{"email":"a@example.com"}\n', 'x'.repeat(10_000_000), '\n{"email":"b@example.com"}\n\0\n']
  const text = Buffer.concat([...parts.map((part) => Buffer.from(part)), Buffer.from([0xe9, 0x0a])])
  const place = await prepared({ 'large.jsonl': text })

  const { code, stderr } = await place.run(['users', 'import', 'large.jsonl', '--partial'])

  expect([code, stderr.trim().split('\n')]).toEqual([
    65,
    [
      'authd: Added 2 users. 3 rows are wrong.',
      'large.jsonl:2: The line is longer than 1048576 bytes.',
      'large.jsonl:4: Contains U+0000. Save the file as UTF-8.',
      'large.jsonl:5: Not UTF-8. Save the file as UTF-8.',
    ],
  ])
})

test.each([
  ['email,name,email\na@example.com,x,y\n', '"email" stands there twice.'],
  ['email,phone\na@example.com,1\n', '"phone" is unknown. Use email, name,'],
  ['email;name\na@example.com;x\n', 'Separate the columns with commas.'],
  ['name\nAda\n', '"email" is missing.'],
  ['email,name\na@example.com\n', 'people.csv:2: Has 1 cells, but the first line names 2.'],
  ['email,name\na@example.com,"Ada\n', 'people.csv:2: A cell in quotes does not end.'],
  ['email,name\na@example.com,Ad"a\n', 'people.csv:2: A cell has a quote inside.'],
])('CSV %j is refused with its reason', async (text, reason) => {
  const place = await prepared({ 'people.csv': text })

  const { code, stderr } = await place.run(['users', 'import', 'people.csv'])

  expect([code, await users(place)]).toEqual([65, []])
  expect(stderr).toContain(reason)
})

test('SECURITY: a cell with a line break cannot pretend to be a row', async () => {
  const place = await prepared({
    'people.csv': 'email,name\na@example.com,"x\nevil@example.com,Evil"\nb@example.com,Bob\n',
  })

  const { stderr } = await place.run(['users', 'import', 'people.csv', '--partial'])

  expect(stderr).toContain('people.csv:2: name: Contains U+000A')
  expect((await users(place)).map(({ email }) => email)).toEqual(['b@example.com'])
})

test('a pipe needs --partial, since it is read once; a folder and a missing file are not read', async () => {
  const place = await prepared()
  const pipe = await place.run(['users', 'import', '-'], { input: '{"email":"a@example.com"}' })
  const folder = await place.run(['users', 'import', '.'])
  const missing = await place.run(['users', 'import', 'none.csv'])
  const both = await place.run(['users', 'export', 'ada@example.com', '--all'])
  const neither = await place.run(['users', 'export'])
  const printed = await place.run(['users', 'export', '--all', '--with-factors'])

  expect([pipe, folder, missing, both, neither, printed].map(({ code }) => code)).toEqual([64, 66, 66, 64, 64, 64])
  expect(pipe.stderr).toContain('Name a file, or use --partial.')
})

test('more rows than one unit takes are imported, and the last ones are told with their lines', async () => {
  const rows = Array.from({ length: 250 }, (_, n) => `user${n}@example.com`)
  const place = await prepared({ 'people.csv': ['email', ...rows, 'user0@example.com', 'wrong', ''].join('\n') })

  const { code, stderr } = await place.run(['users', 'import', 'people.csv', '--partial', '--on-duplicate', 'fail'])

  expect(code).toBe(65)
  expect(stderr).toContain('authd: Added 250 users. 2 rows are wrong.')
  expect(stderr).toMatch(/people\.csv:252: email: user0@example\.com is in line 2 already\.\npeople\.csv:253: email: /)
})

test('rows of one file that repeat an address, an id or a passkey, and users who exist, are all named at once', async () => {
  const lines = [
    '{"email":"ada@example.com"}',
    '{"email":"new@example.com","id":"usr_01jk0000000000000000000001"}',
    'not json',
    '{"email":"New@EXAMPLE.com "}',
    '{"email":"bob@example.com","id":"usr_01jk0000000000000000000001"}',
  ]
  const place = await prepared({ 'users.jsonl': lines.join('\n') })
  await place.run(['users', 'add', 'ada@example.com'])
  const faults = [
    expect.stringMatching(/^users.jsonl:1: ada@example.com exists already/),
    expect.stringMatching(/^users.jsonl:3: Not JSON/),
    'users.jsonl:4: email: new@example.com is in line 2 already.',
    'users.jsonl:5: id: usr_01jk0000000000000000000001 is in line 2 already.',
  ]

  const dry = await place.run(['users', 'import', 'users.jsonl', '--on-duplicate', 'fail', '-n'])
  const real = await place.run(['users', 'import', 'users.jsonl', '--on-duplicate', 'fail'])

  const [, ...dryFaults] = dry.stderr.trim().split('\n')
  const [first, ...realFaults] = real.stderr.trim().split('\n')
  expect([dry.code, real.code, dryFaults, realFaults]).toEqual([65, 65, faults, faults])
  expect(first).toBe('authd: No user was imported. 4 rows are wrong.')
  expect(await users(place)).toHaveLength(1)
})

test('users who exist are skipped, each with its line', async () => {
  const place = await prepared({ 'people.csv': 'email\nada@example.com\nbob@example.com\neve@example.com\n' })
  await place.run(['users', 'add', 'ada@example.com', 'eve@example.com'])

  const { code, stdout, stderr } = await place.run(['users', 'import', 'people.csv'])

  expect([code, stdout]).toEqual([0, 'Added 1 user, skipped 2 who exist.\n'])
  expect(stderr).toBe('Skipped because they exist:\npeople.csv:2: ada@example.com\npeople.csv:4: eve@example.com\n')
})

const STAFF = 'Mail,Full name,Phone,Status\nada@example.com,Ada,1,working\nbob@example.com,"B, Bob",2,away\n'

test('--map says which columns of a foreign file are read, and no other one is', async () => {
  const place = await prepared({ 'staff.csv': STAFF })

  const { code } = await place.run(['users', 'import', 'staff.csv', '--map', 'email=mail', '--map', 'name=Full name'])

  const imported = await users(place)
  expect(code).toBe(0)
  expect(imported.map(({ email, name, status }) => [email, name, status]).sort()).toEqual([
    ['ada@example.com', 'Ada', 'active'],
    ['bob@example.com', 'B, Bob', 'active'],
  ])
})

test.each([
  [64, ['email'], '--map: "email" is not NAME=COLUMN. Use email=Mail.'],
  [64, ['phone=Phone'], '--map: "phone" is unknown. Before the = use email, name,'],
  [64, ['email=Mail', '--map', 'email=Phone'], '--map: "email" is there twice.'],
  [65, ['email=Address'], '"Address" is not there. The file has Mail, Full name, Phone, Status.'],
  [65, ['name=Full name'], '--map does not say which one is email.'],
  [64, ['email=Mail', '--format', 'jsonl'], '--map is for --format csv.'],
])('%i for a --map %j', async (exitCode, words, message) => {
  const place = await prepared({ 'staff.csv': STAFF })

  const { code, stderr } = await place.run(['users', 'import', 'staff.csv', '--map', ...words])

  expect(stderr).toContain(message)
  expect([code, await users(place)]).toEqual([exitCode, []])
})

test('--invite mails new users whose address is not verified, once', async () => {
  const rows =
    'email,status,email_verified,locale\na@example.com,,,de\nb@example.com,,true,\nc@example.com,disabled,,\n'
  const place = await prepared({ 'people.csv': rows })
  const words = ['users', 'import', 'people.csv', '--invite', '--expires', '30d', '--json']
  const queue = async () => JSON.parse((await place.run(['email', 'queue', '--json'])).stdout).data

  const dry = await place.run([...words, '-n'])
  const before = await queue()
  const done = await place.run(words)
  const again = await place.run(words)
  const mails = await queue()
  const invited = await place.run(['users', 'list', '--status', 'invited', '--fields', 'email'])

  expect([before, JSON.parse(dry.stdout).invited, dry.code]).toEqual([[], 1, 0])
  expect(JSON.parse(done.stdout)).toMatchObject({ created: 3, invited: 1, changed: true })
  expect(JSON.parse(again.stdout)).toMatchObject({ created: 0, invited: 0, skipped: 3 })
  expect(mails).toMatchObject([{ to: 'a…@example.com', template: 'invitation' }])
  expect(invited.stdout).toBe('a@example.com\n')
})
