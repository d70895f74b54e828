import { execFile } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { eventText } from '../../src/cli/audit/event-line.ts'
import { AUDIT_FORMATS } from '../../src/cli/audit/format.ts'
import type { EventResource } from '../../src/resources/audit-event.ts'
import { PROGRAM, type Shell, shell } from '../support/cli.ts'

/** A log with a few operator events. */
async function withEvents(): Promise<Shell> {
  const place = await shell()
  for (const args of [
    ['migrate'],
    ['users', 'add', 'ada@example.com', 'bob@example.com'],
    ['users', 'disable', 'ada@example.com', '--reason', 'left'],
  ]) {
    const { code, stderr } = await place.run(args)
    if (code !== 0) throw new Error(stderr)
  }
  return place
}

async function jsonOf(place: Shell, ...args: string[]) {
  const { stdout, stderr } = await place.run([...args, '--json'])
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

const typesOf = (list: { data: EventResource[] }) => list.data.map(({ event_type }) => event_type)

describe('audit list', () => {
  test('filters by user, glob, actor and time, sorts both ways, and continues at a cursor', async () => {
    const place = await withEvents()
    const json = (...args: string[]) => jsonOf(place, ...args)
    expect(typesOf(await json('audit', 'list', '--user', 'ada@example.com'))).toEqual([
      'user.disabled',
      'user.registered',
    ])
    expect(typesOf(await json('audit', 'list', '--event', 'user.reg*', '--reverse'))).toHaveLength(2)
    expect(typesOf(await json('audit', 'list', '--event', 'user.*', '--until', '1h'))).toEqual([])
    expect(typesOf(await json('audit', 'list', '--actor', 'cli:*', '--outcome', 'failure'))).toEqual([])
    expect(typesOf(await json('audit', 'list', '--ip', '10.0.0.0/8'))).toEqual([])

    const first = await json('audit', 'list', '--event', 'user.*', '--limit', '2')
    const rest = await json('audit', 'list', '--event', 'user.*', '--cursor', first.next_cursor)
    expect([...typesOf(first), ...typesOf(rest)]).toEqual(['user.disabled', 'user.registered', 'user.registered'])

    const { code, stderr } = await place.run(['audit', 'list', '--ip', '10.0.0.0/99'])
    expect([code, stderr]).toEqual([65, expect.stringContaining('"10.0.0.0/99" is not an address or a network')])
  })
})

test('audit show prints one event whole, and names an unknown one', async () => {
  const place = await withEvents()
  const { data } = await jsonOf(place, 'audit', 'list', '--event', 'user.disabled')
  const { stdout } = await place.run(['audit', 'show', data[0].id])
  expect(stdout).toMatch(/user\.disabled {2}success[\s\S]*ada@example\.com[\s\S]*left/)

  const { code, stderr } = await place.run(['audit', 'show', 'evt_none'])
  expect([code, stderr]).toEqual([67, expect.stringContaining('No event "evt_none"')])
})

describe('audit export', () => {
  test('writes the whole log oldest first to a new private file, and filtered as CSV and CEF', async () => {
    const place = await withEvents()
    const file = join(place.folder, 'log.jsonl')
    const { stderr } = await place.run(['audit', 'export', '-o', file])
    const events = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as EventResource)

    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1))
    expect(stderr).toContain(`Exported ${events.length} events to ${file}`)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await place.run(['audit', 'export', '-o', file])).code).toBe(73)

    const csv = await place.run(['audit', 'export', '--format', 'csv', '--event', 'user.disabled', '-q'])
    expect(csv.stdout.split('\n')[0]).toMatch(/^seq,id,time,event_type,/)
    expect(csv.stdout).toMatch(/,user\.disabled,success,usr_\w+,ada@example\.com,.*"\{""/)
    const cef = await place.run(['audit', 'export', '--format', 'cef', '--event', 'user.disabled', '-q'])
    expect(cef.stdout).toMatch(
      /^CEF:0\|authd\|authd\|[\d.]+\|user\.disabled\|user\.disabled\|3\|rt=\d+ outcome=success /,
    )
  })

  test('prevents injected formulas, fields and events', () => {
    const hostile = '=cmd|"x"\n\u001b[31m\\a=b'
    const event: EventResource = {
      ...{ id: 'evt_1', seq: 1, time: '2026-01-01T00:00:00.000Z', event_type: 'x.y', outcome: 'failure' },
      ...{ user_id: null, email: hostile, ip: null, user_agent: hostile, session_id: null, request_id: null },
      ...{ actor: 'anonymous', metadata: {} },
    }
    expect(AUDIT_FORMATS.csv.line(event)).toContain(',"\'=cmd|""x""  [31m')
    for (const between of [';', '\t', ',']) {
      const cell = { ...event, user_agent: `x${between}=1+1` }
      expect(AUDIT_FORMATS.csv.line(cell)).toMatch(between === '\t' ? /,"?x =1\+1"?,/ : `,"x${between}=1+1",`)
    }
    const cef = AUDIT_FORMATS.cef.line(event)
    expect(cef).toContain('suser=\\=cmd|"x"  [31m\\\\a\\=b ')
    expect(cef).not.toContain('\n')
  })
})

test.each([
  ['a full disk', '"$0" audit tail --cursor seq > /dev/full', 74],
  [
    'a reader that ended',
    '{ "$0" audit tail --cursor seq; echo $? > code; } | head -c 1 > /dev/null; exit $(cat code)',
    0,
  ],
])('audit tail --cursor does not move beyond what %s took', async (_, script, expected) => {
  const { folder, run } = await shell()
  await run(['migrate'])
  // More than a pipe holds.
  await run(['users', 'add', '-'], { input: Array.from({ length: 400 }, (_, n) => `u${n}@example.com`).join('\n') })
  await writeFile(join(folder, 'seq'), '1\n')

  const env = { PATH: process.env['PATH'], HOME: folder }
  const { code } = await promisify(execFile)('/bin/sh', ['-c', script, PROGRAM], { cwd: folder, env }).then(
    () => ({ code: 0 }),
    (error: { code: number }) => error,
  )

  expect([code, await readFile(join(folder, 'seq'), 'utf8')]).toEqual([expected, '1\n'])
})

test('audit tail --cursor continues where it ended, and rejects another kind of file', async () => {
  const place = await withEvents()
  const file = join(place.folder, 'shipped.seq')
  const tail = async () => (await place.run(['audit', 'tail', '--cursor', file, '--event', 'user.*'])).stdout
  expect((await tail()).trim().split('\n')).toHaveLength(3)
  expect(await tail()).toBe('')
  await place.run(['users', 'enable', 'ada@example.com'])
  expect(JSON.parse(await tail())).toMatchObject({ event_type: 'user.enabled' })

  await writeFile(join(place.folder, 'other'), '{}')
  const { code, stderr } = await place.run(['audit', 'tail', '--cursor', join(place.folder, 'other')])
  expect([code, stderr]).toEqual([65, expect.stringContaining('does not hold an event number')])
})

describe('audit --grep', () => {
  test('keeps the last matching lines, ignores case without capitals, and filters list and export', async () => {
    const place = await withEvents()
    const grep = async (command: string, expression: string, ...args: string[]) =>
      (await place.run(['audit', command, '--grep', expression, '-q', ...args])).stdout.trimEnd().split('\n')

    expect(await grep('tail', 'DISABLED +ADA')).toEqual([''])
    expect(await grep('tail', 'registered +(ada|bob)', '-n', '1', '--plain')).toEqual([
      expect.stringMatching(/^[\d:.TZ-]{24} {2}user\.registered +bob@example\.com/),
    ])
    expect(await grep('list', 'disabled +ada')).toHaveLength(1)
    expect(await grep('export', '^\\S+Z +user\\.')).toHaveLength(3)
    expect(await grep('tail', 'users disable', '--plain')).toEqual([''])
    expect(await grep('tail', 'users disable', '--plain', '-o', 'full')).toContainEqual('    command  users disable')
  })

  test('SECURITY: rejects an invalid expression, and stops one that would run forever', async () => {
    const place = await withEvents()
    const unclosed = await place.run(['audit', 'tail', '--grep', '('])
    const endless = await place.run(['audit', 'tail', '--grep', '(.*)*(.*)*(.*)*x{9}$'])

    expect([unclosed.code, unclosed.stderr]).toEqual([64, expect.stringContaining('Unterminated group')])
    expect([endless.code, endless.stderr]).toEqual([64, expect.stringContaining('takes too long')])
  })
})

test('SECURITY: an event is shown without hostile escapes', () => {
  const event: EventResource = {
    ...{ id: 'evt_1', seq: 1, time: '2026-01-01T00:00:00.000Z', event_type: 'x.y', outcome: 'failure' },
    ...{ user_id: null, email: null, ip: null, user_agent: 'a\u009b31mb', session_id: null, request_id: null },
    ...{ actor: 'anonymous', metadata: { reason: 'c\u001b[2Jd\ne', count: 2 } },
  }

  const [line, ...fields] = eventText(event, 'full').split('\n')

  expect(line).toMatch(/^2026-01-01T00:00:00\.000Z .*c \[2Jd e {2}failed$/)
  expect(fields).toEqual([
    '    event   x.y  failure',
    '    id      evt_1  number 1',
    '    time    2026-01-01T00:00:00.000Z',
    '    by      anonymous',
    '    from    a 31mb',
    '    reason  c [2Jd e',
    '    count   2',
  ])
})
