import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { DATED_PREFIXES } from '../../src/store/clock-steps.ts'
import { COPIED_TABLES } from '../../src/store/copied-tables.ts'
import type { Dialect, Trx } from '../../src/store/db.ts'
import { NAMED_PLACES } from '../../src/store/offered-names.ts'
import { SEALED_PLACES } from '../../src/store/sealed-values.ts'
import { describeOnBoth } from '../support/databases.ts'
import { growingTablesScanned } from '../support/scans.ts'

/** Files of the store without statements on rows. */
const NOT_TABLES = new Set([
  'db',
  'dry-run',
  'knex-sqlite',
  'migrate',
  'open',
  'pool',
  'sqlite',
  'sqlite-backup',
  'sqlite-failures',
  'table',
])

const folder = join(import.meta.dirname, '../../src/store')
const files = globSync('*.ts', { cwd: folder }).map((file) => basename(file, '.ts'))
const modules = files.filter((file) => !NOT_TABLES.has(file) && !file.includes('.d') && !file.startsWith('postgres'))

interface Statement {
  name: string
  text: string
}

/** Stands for any argument or row: every property is there, and it is a text, a number and a list at once. */
const everything: unknown = new Proxy(function anything() {}, {
  get(_, property) {
    if (property === Symbol.toPrimitive) return () => '1'
    if (property === Symbol.iterator) return () => [][Symbol.iterator]()
    if (property === 'then' || property === 'toJSON') return undefined
    return everything
  },
  apply: () => everything,
  ownKeys: () => [],
  getOwnPropertyDescriptor: () => undefined,
})

/** Arguments after the first, where a statement is built from what they say. */
const SAID: Record<string, unknown[][]> = {
  countUsers: [
    [{ email: 'a' }],
    [{ search: 'a', status: 'active', without: 'totp', inactiveSince: 1, before: 'b', from: 'a' }],
  ],
  deleteCopied: COPIED_TABLES.map((table) => [table, [{}, {}]]),
  findCopied: COPIED_TABLES.map((table) => [table, { columns: table.key, rows: [{}, {}] }]),
  findIdBelow: [
    ['users', { rows: 1, before: 'b', from: 'a' }],
    ['sessions', { rows: 1 }],
    ['outbox', { rows: 1 }],
  ],
  listAuditLogsAfter: [[{ events: ['a.*', 'b'] }, { after: 0, limit: 1 }]],
  listCopied: COPIED_TABLES.map((table) => [table, { columns: table.key, after: {}, limit: 1 }]),
  listOfferedNames: Object.values(NAMED_PLACES).map((place) => [place, { starts: 'a', limit: 0 }]),
  listLastAuditLogs: [[{ events: ['a.*', 'b'] }, 1]],
  listSealed: SEALED_PLACES.map((place) => [place, { after: '', limit: 1 }]),
  listSurplus: [
    [{ userId: 'a', liveAt: 1, keep: 1 }, 1],
    [{ userId: 'a', keep: 1 }, 1],
  ],
  listUsers: [[{ search: 'a', status: 'active', without: 'totp', inactiveSince: 1, before: 'b', from: 'a' }, {}]],
  putCopied: COPIED_TABLES.flatMap((table) => {
    const { key, unique = [] } = table
    return unique.length === 0 ? [] : [[table, { columns: [...key, ...unique], rows: [{}, {}] }]]
  }),
  redateRows: DATED_PREFIXES.map((prefix) => [prefix, { now: 0, aheadMs: 1, fromId: '' }, 1]),
  replaceSealed: SEALED_PLACES.map((place) => [place, { id: 'a', before: 'b', after: 'c' }]),
  revokeSessions: [
    [{ ids: ['a'] }, {}],
    [{ userId: 'a' }, {}],
  ],
  useTotpStep: [
    [
      { userId: 'a', secretSealed: 'b', spentSteps: [1] },
      { step: 2, keep: 100 },
    ],
  ],
}

/** Why a statement may read a growing table without a condition that an index serves. */
const MAY_SCAN: Record<string, string> = {
  countOutbox: 'lists count in steps of an id span; only a command counts everything',
  countSessions: 'lists count in steps of an id span; only a command counts everything',
  countUsers: 'lists count in steps of an id span; only a command counts everything',
  findAuditErasure: 'one row in the order of the primary key, and the table is nearly always empty',
  findIdBelow: 'a fixed number of rows in the order of the primary key',
  listOutbox: 'a limited number of rows in the order of the primary key; a filter is read in steps of an id span',
  listSessions: 'a limited number of rows in the order of the primary key; a filter is read in steps of an id span',
  listSuppressions: 'addresses that mail servers rejected in the last 30 days, for a command',
  listUsers: 'a limited number of rows in the order of the primary key; a filter is read in steps of an id span',
}

/** They return a part of a statement. */
const NO_STATEMENT = ['epochOf', 'hasDueWebhook', 'spanConditions', 'watched']

/** Calls each exported function of the store and records its statements. Nothing is run. */
async function statementsOf(dialect: Dialect): Promise<{ statements: Statement[]; silent: string[] }> {
  const statements: Statement[] = []
  const silent: string[] = []
  for (const file of modules) {
    const module: Record<string, unknown> = await import(`../../src/store/${file}.ts`)
    for (const [name, store] of Object.entries(module)) {
      if (typeof store !== 'function') continue
      const before = statements.length
      const trx = recorder(dialect, (text) => statements.push({ name, text: text.replace(/\s+/g, ' ').trim() }))
      // Everything that may be given, and nothing: most conditions, and fewest.
      const calls = SAID[name] ?? [Array(4).fill(everything), Array(4).fill({})]
      for (const call of calls) await Promise.resolve(store(trx, ...call)).catch(() => undefined)
      if (statements.length === before) silent.push(name)
    }
  }
  return { statements, silent }
}

function recorder(dialect: Dialect, note: (text: string) => void): Trx {
  return {
    dialect,
    async one<Row>(text: string) {
      note(text)
      return everything as Row
    },
    async all<Row>(text: string) {
      note(text)
      return [] as Row[]
    },
    async run(text) {
      note(text)
      return 1
    },
    send: note,
    afterCommit() {},
  }
}

describeOnBoth('the statements of the store', (open) => {
  test('read no whole table that grows, except those with a reason', async () => {
    const db = await open()
    const { statements, silent } = await statementsOf(db.dialect)
    const scans: string[] = []
    for (const [text, name] of new Map(statements.map((statement) => [statement.text, statement.name]))) {
      if (name in MAY_SCAN) continue
      for (const table of await growingTablesScanned(db, text)) scans.push(`${name} reads all of ${table}: ${text}`)
    }

    expect(silent.sort()).toEqual(NO_STATEMENT)
    expect(scans).toEqual([])
    expect(statements.length).toBeGreaterThan(200)
  })
})
