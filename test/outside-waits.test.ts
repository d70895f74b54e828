import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/**
 * Every file that waits for something outside of this process, with what ends the wait in its text. Write the deadline
 * where the wait begins, in the one file of its kind.
 */
const WAITS: Record<string, { deadlines: RegExp[] } | { none: string }> = {
  'bin/authd.js': { none: 'the child is the program itself' },
  'src/cli/daemon-client.ts': {
    deadlines: [/signal = AbortSignal\.timeout\(timeoutMs\)/, /request\(url, \{ signal,/],
  },
  'src/cli/output/terminal.ts': { none: 'the user ends the pager' },
  'src/cli/service/run.ts': { deadlines: [/spawnSync\(.*timeout: LONGEST_MS, killSignal: 'SIGKILL'/] },
  'src/mail/smtp-mailer.ts': { deadlines: [/signal: limit/] },
  'src/mail/overrides/load.ts': { deadlines: [/timeout: TIMEOUT_MS,\s+killSignal: 'SIGKILL'/] },
  'src/mail/preview.ts': { none: 'the transport writes to a buffer' },
  'src/mail/sender-records.ts': { deadlines: [/new Resolver\(\{ timeout: TIMEOUT_MS, tries: 1 \}\)/] },
  'src/mail/smtp-socket.ts': { deadlines: [/limit = AbortSignal\.timeout\(timeout\)/] },
  'src/mail/smtp-test.ts': {
    deadlines: [/Promise\.race\(\[lookup\(/, /AbortSignal\.timeout\(LONGEST_MS\)/],
  },
  'src/platform/net/shared-lookup.ts': {
    none: 'the connection that asks has a deadline; one lookup of a name runs at a time',
  },
  'src/platform/net/webhook-client.ts': {
    deadlines: [/signal: AbortSignal\.any\(\[AbortSignal\.timeout\(timeoutMs\)/],
  },
  'src/platform/systemd.ts': { deadlines: [/spawn\(.*timeout: NOTIFY_MS, killSignal: 'SIGKILL'/] },
  'src/platform/unfinished-file.ts': { none: 'nothing waits for the child, which ends with this process' },
  'src/startup/postgres-tools.ts': { deadlines: [/timeout: VERSION_MS/, /timeout: LONGEST_MS/] },
  'src/startup/separate-inspection.ts': { deadlines: [/timeout: LONGEST_MS, killSignal: 'SIGKILL'/] },
  'src/store/postgres-changes.ts': { deadlines: [/query\(\{.*query_timeout/] },
  'src/store/postgres-connection.ts': {
    deadlines: [/connectionTimeoutMillis: timeoutMs/, /query_timeout: timeoutMs/, /stream\.destroy\(\), CLOSE_MS/],
  },
  'src/store/postgres-failures.ts': { none: 'it only knows the class of an error' },
  'src/store/postgres-migration.ts': { deadlines: [/acquireConnectionTimeout: CONNECT_MS/, /lock_timeout = 2000/] },
  'src/store/postgres.ts': { deadlines: [/query_timeout: Math\.ceil\(Math\.min\(QUERY_MS, until - startedAt\)\)/] },
}

/** What waits: a value imported from one of these modules, a query, or a call of the global fetch. */
const MODULES =
  /^import (?!type)(?:\{([^}]*)\}|(\w+)) from '(node:(?:net|tls|dns|dns\/promises|http|https|child_process|dgram)|pg|knex|nodemailer[\w/-]*)'/gm
const HARMLESS = /^(?:type .*|isIP|STATUS_CODES|createServer|getCACertificates|setDefaultCACertificates)?$/
const CALLS =
  /\b(?:client\.query|fetch|new WebSocket|new EventSource)\(|\b(?:import|getBuiltinModule)\('(?:pg|knex|nodemailer|node:https?)'\)/

function waits(text: string): boolean {
  const imported = [...text.matchAll(MODULES)].flatMap(([, names, whole]) => (whole ?? names ?? '').split(','))
  return imported.some((name) => !HARMLESS.test(name.trim())) || CALLS.test(text)
}

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const sources = globSync(['src/**/*.ts', 'bin/*.js'], { cwd: root }).filter((file) => !file.endsWith('.d.ts'))

test('every file that waits for something outside of the process is known', () => {
  expect(sources.filter((file) => waits(read(file))).sort()).toEqual(Object.keys(WAITS).sort())
})

test.each(Object.entries(WAITS))('a wait in %s ends at a deadline, or says why it has none', (file, wait) => {
  const missing = 'deadlines' in wait ? wait.deadlines.filter((deadline) => !deadline.test(read(file))) : []

  expect(missing).toEqual([])
})

test.each([
  ["import { connect } from 'node:net'", true],
  ["import { isIP, type Socket } from 'node:net'", false],
  ["import type { Socket } from 'node:net'", false],
  ["import pg from 'pg'", true],
  ['await fetch(url)', true],
  ['await connection.client.query(text)', true],
])('the check of waits: %s → %s', (text, expected) => {
  expect(waits(text)).toBe(expected)
})
