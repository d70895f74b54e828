import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../src/cli/commands/index.ts'

interface Rule {
  /** Folders end in `/`, files in `.ts`; the rest are packages. A place may always import its own files. */
  may: string[]
  /** Only with `import type`, so nothing is loaded. */
  mayAsType?: string[]
  mayNotSay?: RegExp
}

const WORLD = /\bDate\b|\bMath\.random\b|\bprocess\b|\bset(?:Timeout|Interval|Immediate)\b|\bfetch\(|\bconsole\b/

/** Allowed imports. The longest matching name is the rule of a file. Change it in a separate commit, with the reason. */
const RULES: Record<string, Rule> = {
  'migrations/': { may: [], mayAsType: ['knex'], mayNotSay: WORLD },
  'src/errors.ts': { may: [] },
  'src/mails.ts': { may: [] },
  'src/deps.ts': { may: [], mayAsType: ['src/mails.ts', 'src/config/schema.ts', 'src/platform/', 'src/store/'] },
  'src/build-info.ts': { may: ['node:*'] },
  'src/resources/': { may: ['zod', 'src/errors.ts', 'src/platform/'], mayAsType: ['src/store/', 'src/flows/'] },
  'src/platform/': {
    may: ['node:*', 'age-encryption', 'bowser', 'handlebars', 'mjml', 'ipaddr.js', 'uqr', 'winston', 'prom-client'],
  },
  'src/config/': { may: ['node:*', 'zod', 'smol-toml', 'src/platform/', 'src/errors.ts'] },
  'src/store/': {
    // The clock's file has the bounds of intervals, too. The store uses these, and never asks for the time.
    may: [
      ...['node:*', 'knex', 'pg', 'migrations/index.ts'],
      ...['src/platform/clock.ts', 'src/platform/event-loop.ts', 'src/platform/files.ts'],
      'src/platform/net/postgres-url.ts',
    ],
    mayAsType: ['src/platform/'],
    mayNotSay: /\bsystemClock\b|\bDate\b|\bMath\.random\b|\brandomBytes\b|\bprocess\b/,
  },
  'src/flows/': {
    may: ['jose', 'otplib', '@simplewebauthn/server', 'src/store/', 'src/platform/', 'src/errors.ts', 'src/mails.ts'],
    mayAsType: ['src/deps.ts', 'src/config/schema.ts'],
    mayNotSay: WORLD,
  },
  'src/mail/': {
    may: ['node:*', 'nodemailer', 'handlebars', 'mjml', 'src/platform/', 'src/mails.ts'],
    mayAsType: ['src/deps.ts', 'src/config/schema.ts'],
  },
  'src/jobs/': {
    may: ['node:timers/promises', 'src/flows/', 'src/platform/', 'src/errors.ts'],
    mayAsType: ['src/deps.ts'],
  },
  'src/http/': {
    may: [
      'node:*',
      'koa',
      '@koa/*',
      'koa-*',
      'helmet',
      'zod',
      'src/resources/',
      'src/flows/',
      'src/platform/',
      'src/errors.ts',
      'src/build-info.ts',
    ],
    // Flows return objects of the store, so their types may be imported.
    mayAsType: ['src/store/', 'src/deps.ts', 'src/config/schema.ts'],
  },
  'src/daemon.ts': {
    may: [
      'node:*',
      'src/http/app.ts',
      'src/http/doors.ts',
      'src/jobs/',
      'src/flows/',
      'src/platform/',
      'src/errors.ts',
    ],
    mayAsType: ['src/deps.ts', 'src/config/schema.ts', 'src/http/server.ts'],
  },
  'src/startup/': {
    may: [
      'node:*',
      'src/config/',
      'src/platform/',
      'src/store/',
      'src/flows/',
      'src/mail/',
      'src/mails.ts',
      'src/errors.ts',
    ],
    mayAsType: ['src/deps.ts'],
  },
  'src/cli/': {
    may: [
      ...['node:*', '@oclif/core', 'string-width', 'uqr', 'zod'],
      ...['src/resources/', 'src/flows/', 'src/config/', 'src/platform/', 'src/http/app.ts', 'src/http/doors.ts'],
      ...['src/startup/', 'src/daemon.ts', 'src/errors.ts', 'src/build-info.ts'],
    ],
    mayAsType: ['src/store/', 'src/deps.ts'],
  },
  // Components get props and report keys. They know no flows.
  'src/cli/tui/': { may: ['ink', 'react', 'string-width', 'cli-truncate'] },
}

/** The folders of src/flows. Each may import those before it. `audit` is separate and imports none. */
const DRAWERS = [
  '',
  'outbox',
  'policy',
  'sessions',
  'limits',
  'signin',
  'repetition',
  'factors',
  'users',
  'upkeep',
  'operator',
]

/** A door parses, calls one flow and presents: it opens no unit of work and records no event. */
const DOORS = ['src/http/', 'src/cli/', 'src/jobs/']
const UNIT_OF_WORK = /\bdb\s*\.\s*(?:read|write)\s*\(|\brecordEvent\s*\(/

/** One file is one migration, command or middleware. The build replaces the others. */
const MAY_BE_SMALL = [
  'migrations/',
  'src/cli/commands/',
  'src/http/middleware/',
  'src/cli/top/load-tui.ts',
  'src/mail/overrides/program.ts',
  'src/startup/inspection-program.ts',
]

/**
 * An interval that is judged by one bound: `now - since <= SPAN` also holds for every time in the future. isWithin and
 * isAhead know both bounds.
 */
const ONE_BOUND = /\b(?:now|endedAt)(?:\(\))?\s*-\s*[\w.]+\s*[<>]|(?<!=)[<>]=?\s*(?:\w+\.)*now(?:\(\))?\s*[-+]/

/** What only these places may use. */
const ONLY_IN: { said: RegExp; places: string[] }[] = [
  { said: /\bprocess\.env\b/, places: ['src/config/load.ts', 'src/cli/'] },
  {
    said: /\bDate\.now\(|\bnew Date\(\)/,
    places: ['src/platform/clock.ts', 'src/platform/log.ts'],
  },
  // Every slow hash is behind the checks of this file.
  { said: /\.slowHash\(/, places: ['src/flows/factors/recovery-code.ts'] },
  // A command may judge a time that its caller typed.
  { said: ONE_BOUND, places: ['src/platform/clock.ts', 'src/cli/'] },
  // Whole or not at all, and never through a link. A log is appended to.
  {
    said: /\b(?:open|link|symlink|rename|cp)Sync\b|\b(?:writeFile|appendFile|copyFile|createWriteStream)(?:Sync)?\b/,
    places: ['src/platform/files.ts', 'src/platform/log-file.ts'],
  },
  { said: /\brandomBytes\(|\brandomUUID|\bMath\.random\b/, places: ['src/platform/random.ts'] },
]

/**
 * What was read before a unit may have changed, so a unit reads again, locked, what it relies on. These functions of flows
 * read first, with the reason why nothing is decided by it alone.
 */
const READS_FIRST: Record<string, string> = {
  addUsers: 'an early refusal; each unit looks again',
  answerOnce: 'the answer of the first request; a claim is a row in the unit of the work',
  claimServerSecret: 'the usual case; the first insert wins',
  claiming: 'who asks; the units of the work judge the caller again',
  copyRows: 'which rows differ; each unit asks whether the target is still that of its run',
  deliver: 'whether to send; the unit settles by its claim',
  deliverNextMail: 'whether there is work; the unit claims it',
  deliverNextWebhook: 'whether there is work; the unit claims it',
  disableUsers: 'names; each unit locks its user',
  enableUsers: 'names; each unit locks its user',
  endCovered: 'pages of ids; the unit revokes what is not revoked yet',
  ensureKeys: 'the usual case; the unit holds the keys',
  eraseMore: 'whether there is work; the unit reads again',
  finishSigningOut: 'whether there is work; each statement is conditional',
  followAlgorithm: 'the usual case; the unit holds the keys',
  identifyApiKey: 'notes the use; a change locks the key',
  inParts: 'an early refusal; each unit looks again',
  inviteUsers: 'an early refusal; each unit looks again',
  keepDays: 'counts of events, for the one who runs authd; nothing is decided by them',
  keepRowCounts: 'counts of rows, for the one who runs authd; nothing is decided by them',
  lookAtSession: 'notes the use; a change locks the session',
  markArrived: 'notes the use; the statement is conditional',
  previewLink: 'notes a visit; the statement is conditional',
  pruneIpFilters: 'ids; the unit deletes what has expired by then',
  queueWebhooks: 'whether there is work; each unit locks its endpoint',
  redeemRecoveryCode: 'a slow hash, which no unit may wait for; the unit reads again',
  removeIpFilters: 'an early refusal of unknown names; the unit holds the rules',
  resealAll: 'values; each is replaced only if it is still the one that was read',
  revokeByOperator: 'pages of ids; the unit revokes what is not revoked yet',
  sealAudit: 'whether there is work; the unit locks the head',
  takeOver: 'who lives; a dead owner stays dead',
  useAccessToken: 'notes the use; the statement is conditional',
  useSession: 'notes the use; a change locks the session',
}

/** A command line with a value in it, in a template without the tag that quotes values. */
const TOPICS = [...new Set(Object.keys(COMMANDS).map((id) => id.split(' ')[0]))].join('|')
const BARE_COMMAND = new RegExp(
  `(?<!\\bshell)\`[^\`\n]*\\b(?:authd (?:--|(?:${TOPICS})\\b(?! {2})|(?=\\$\\{(?!version|BUILD)))|sudo |systemctl |chmod |chown )[^\`\n]*\\$\\{`,
)

const root = join(import.meta.dirname, '..')
const sources = globSync('{src,migrations}/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.d.ts'))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

describe('the layout', () => {
  test.each(Object.keys(RULES))('%s imports and uses only what it may', (place) => {
    const files = sources.filter((file) => ruleOf(file) === place)

    expect(files.flatMap((file) => faults(file, read(file)))).toEqual([])
  })

  test('every file has a rule', () => {
    expect(sources.filter((file) => ruleOf(file) === undefined)).toEqual([])
  })

  test('the check finds a forbidden import, a type import that loads a module, and a clock in a flow', () => {
    const flow =
      "import knex from 'knex'\nimport { Deps } from '../deps.ts'\nconst now = Date.now()\nawait import('../http/app.ts')"

    expect(faults('src/flows/record-event.ts', flow)).toEqual([
      'src/flows/record-event.ts imports knex',
      'src/flows/record-event.ts imports src/deps.ts, of which it may only import types',
      'src/flows/record-event.ts imports src/http/app.ts',
      'src/flows/record-event.ts says Date',
      'src/flows/record-event.ts says Date.now(',
    ])
  })

  test('the check finds an interval that has one bound', () => {
    const says = (code: string) => faults('src/flows/record-event.ts', code)

    expect(says('if (now - since <= SPAN) return')).toHaveLength(1)
    expect(says('if (deps.clock.now() - session.authTime > SPAN) return')).toHaveLength(1)
    expect(says('if (session.lastSeenAt > now - SPAN) return')).toHaveLength(1)
    expect(says('if (windowEndsAt <= deps.clock.now() + SPAN) return')).toHaveLength(1)
    expect(says('const later = () => now + SPAN\nif (expiresAt > now) return')).toEqual([])
  })

  test('a folder of flows imports only the folders before it', () => {
    expect(sources.flatMap((file) => drawerFaults(file, read(file)))).toEqual([])
  })

  test('the check of flow folders finds a backward import, and one into or out of audit', () => {
    const back = "import { redeem } from '../signin/redeem.ts'"

    expect(drawerFaults('src/flows/policy/factor.ts', back)).toEqual([
      'src/flows/policy/factor.ts imports src/flows/signin/redeem.ts',
    ])
    expect(drawerFaults('src/flows/users/add.ts', back)).toEqual([])
    expect(drawerFaults('src/flows/audit/audit.ts', back)).toHaveLength(1)
    expect(
      drawerFaults('src/flows/signin/check-code.ts', "import { sealAudit } from '../audit/numbering.ts'"),
    ).toHaveLength(1)
  })

  test('an import at run time names its file, and none is of Node itself: the single file has no others', () => {
    const computed = /\bimport\((?!\s*['"`](?!node:)[^$]*?['"`]\s*[,)])/
    const isComment = (line: string) => /^\s*(\/\/|\*|\/\*\*)/.test(line)
    const lines = sources.flatMap((file) =>
      read(file)
        .split('\n')
        .map((line) => ({ file, line })),
    )

    expect(lines.filter(({ line }) => !isComment(line) && computed.test(line))).toEqual([])
  })

  test('no import cycles between files, types included', () => {
    expect(circlesIn(importGraph())).toEqual([])
  })

  test('the check of cycles finds two files that import each other', () => {
    const graph = new Map([
      ['a.ts', ['b.ts']],
      ['b.ts', ['c.ts', 'knex']],
      ['c.ts', ['b.ts']],
    ])

    expect(circlesIn(graph)).toEqual(['b.ts c.ts'])
  })

  test('no two files of flows, store and http export a function of one name', () => {
    const layers = sources.filter((file) => /^src\/(?:flows|store|http)\//.test(file))

    expect(namedTwice(layers.map((file) => [file, read(file)]))).toEqual([])
  })

  test('the check of names finds two functions of one name', () => {
    const one = 'export async function endSession(deps: Deps) {}\nexport function isOpen() {}'
    const two = 'export function endSession() {}\nfunction isOpen() {}'

    expect(
      namedTwice([
        ['flows/a.ts', one],
        ['store/b.ts', two],
      ]),
    ).toEqual(['endSession: flows/a.ts store/b.ts'])
  })

  test('no two folders import each other, unless one contains the other', () => {
    expect(foldersBothWays(importGraph())).toEqual([])
  })

  test('the check of folders finds two that import each other', () => {
    const graph = new Map([
      ['src/a/one.ts', ['src/b/two.ts', 'src/errors.ts']],
      ['src/b/three.ts', ['src/a/four.ts', 'src/a/deep/five.ts']],
      ['src/a/deep/five.ts', ['src/a/one.ts']],
    ])

    expect(foldersBothWays(graph)).toEqual(['src/a src/b'])
  })

  test('no test is skipped, on any machine', () => {
    const skipping = /\b(?:test|describe|it)\s*\.\s*(?:skip|skipIf|runIf|todo|only)\b|\bcontext\.skip\(/
    const tests = globSync('test/**/*.ts', { cwd: root, exclude: ['**/node_modules/**'] })

    expect(tests.filter((file) => skipping.test(read(file)))).toEqual([])
    expect(skipping.test(['test', 'runIf(isRoot)'].join('.'))).toBe(true)
  })

  test('a door opens no unit of work and records no event', () => {
    const doors = sources.filter((file) => DOORS.some((door) => file.startsWith(door)))

    expect(doors.filter((file) => opensUnit(read(file)))).toEqual([])
  })

  test('the check of doors finds an opened unit and a recorded event', () => {
    expect(opensUnit('await deps.db.write((trx) => insert(trx))')).toBe(true)
    expect(opensUnit('await db\n  .read(async (sql) => 1)')).toBe(true)
    expect(opensUnit('await recordEvent(deps, trx, actor, event)')).toBe(true)
    expect(opensUnit('// recordEvent() is for flows\nawait listUsers(deps)')).toBe(false)
  })

  test('commands print through output/clean.ts alone, which removes what acts on a terminal', () => {
    const commands = sources.filter((file) => file.startsWith('src/cli/') && file !== 'src/cli/output/clean.ts')

    expect(commands.filter((file) => printsItself(read(file)))).toEqual([])
  })

  test('the check of commands finds a written stream, and text that only claims to be clean', () => {
    expect(printsItself('process.stdout.write(name)')).toBe(true)
    expect(printsItself('stream\n  .write(name)')).toBe(true)
    expect(printsItself('console.log(name)')).toBe(true)
    expect(printsItself('this.log(name)')).toBe(true)
    expect(printsItself('print(process.stdout, name as Clean)')).toBe(true)
    expect(printsItself('print(process.stdout, cleanText(name))')).toBe(false)
  })

  test('a unit that locks a row goes on with what it has read there', () => {
    expect(sources.filter((file) => dropsLockedRow(read(file)))).toEqual([])
  })

  test('the check of locked rows finds one that is not looked at', () => {
    expect(dropsLockedRow('    await lockUser(trx, user.id)')).toBe(true)
    expect(dropsLockedRow('const user = await lockUser(trx, named.id)')).toBe(false)
  })

  test('a function of flows that reads before it opens a unit says why', () => {
    const found = sources.filter((file) => file.startsWith('src/flows/')).flatMap((file) => readsFirst(read(file)))

    expect(found.toSorted()).toEqual(Object.keys(READS_FIRST).toSorted())
  })

  test('the check of reads finds one before a unit, also in another function', () => {
    const direct =
      'export async function change(deps: Deps) {\n  await deps.db.read(find)\n  await deps.db.write(put)\n}'
    const apart = `${direct.replace('await deps.db.read(find)', 'await guard(deps)')}\nfunction guard({ db }: Deps) {\n  return db.read(find)\n}`

    expect(readsFirst(direct)).toEqual(['change'])
    expect(readsFirst(apart)).toEqual(['change'])
    expect(readsFirst('function change() {\n  await decide(deps, put)\n  return db.read(find)\n}')).toEqual([])
  })

  test('a command line that is shown has its values quoted', () => {
    expect(sources.filter((file) => showsBareCommand(withoutComments(read(file))))).toEqual([])
  })

  test('the check of command lines finds a value without quotes', () => {
    expect(showsBareCommand(`suggestions: [\`authd users show \${user.email}\`]`)).toBe(true)
    expect(showsBareCommand(`hint(\`Next: sudo authd service install --name \${name}\`)`)).toBe(true)
    expect(showsBareCommand(`\`Run chmod 600 \${path}\``)).toBe(true)
    expect(showsBareCommand(`\`\${place}: authd --config \${path}\``)).toBe(true)
    expect(showsBareCommand("['authd', id, ...words].join(' ')")).toBe(true)
    expect(showsBareCommand("'authd users show ' + email")).toBe(true)
    expect(showsBareCommand(`shell\`authd users show \${user.email}\``)).toBe(false)
    expect(showsBareCommand(`\`authd has no \${name}\`; 'authd users list'`)).toBe(false)
  })

  test('no folder is made by Node itself with those above it, which never ends in /proc', () => {
    const makes = (source: string) => /mkdir(Sync)?\([^)]*recursive/.test(source)

    expect(sources.filter((file) => makes(withoutComments(read(file))))).toEqual([])
    expect(makes('mkdirSync(dirname(path), { recursive: true })'.replace('dirname(path)', 'path'))).toBe(true)
  })

  test('no file is longer than 300 lines', () => {
    const lengths = sources.map((file) => `${file}: ${read(file).split('\n').length - 1}`)

    expect(lengths.filter((entry) => Number(entry.split(': ')[1]) > 300)).toEqual([])
  })

  test('a file of under 15 lines has two readers, or joins its one', () => {
    const readers = readersOf(importGraph())
    const small = sources.filter((file) => read(file).split('\n').length <= 15)

    expect(
      small.filter((file) => readers.get(file)?.size === 1 && !MAY_BE_SMALL.some((place) => isIn(file, place))),
    ).toEqual([])
  })

  test('the check of readers counts the files that import one', () => {
    const graph = new Map([
      ['src/a.ts', ['src/b.ts', 'src/c.ts', 'src/b.ts']],
      ['src/c.ts', ['src/b.ts']],
    ])

    expect([...readersOf(graph)].map(([file, { size }]) => [file, size])).toEqual([
      ['src/b.ts', 2],
      ['src/c.ts', 1],
    ])
  })

  test('nothing is called utils, helpers, common or misc', () => {
    expect(sources.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.)/.test(file))).toEqual([])
  })

  test('importing every module prints nothing and leaves nothing running', async () => {
    const script = `for (const file of ${JSON.stringify(sources)}) await import('${root}/' + file)`

    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
      { env: {} },
    )

    expect(stdout + stderr).toBe('')
  })
})

const READ = /\bdb\s*\.\s*read\s*\(/g
const UNIT = /\bdb\s*\.\s*write\s*\(|\bdecide(?:<[^>]*>)?\(/g

/** The functions that read before they open a unit, themselves or by other functions of their file. */
function readsFirst(text: string): string[] {
  const bodies = new Map(
    withoutComments(text)
      .split(/^(?=(?:export )?(?:async )?function\b)/m)
      .flatMap((part) => {
        const [beginning, name] = /^(?:export )?(?:async )?function\*? (\w+)/.exec(part) ?? []
        return beginning === undefined || name === undefined ? [] : [[name, part.slice(beginning.length)] as const]
      }),
  )
  const places = (body: string, said: RegExp, callers: Set<string>) =>
    [...body.matchAll(said), ...[...body.matchAll(/\b(\w+)\(/g)].filter(([, name = '']) => callers.has(name))].map(
      ({ index }) => index,
    )
  const callersOf = (said: RegExp): Set<string> => {
    let callers = new Set<string>()
    for (;;) {
      const more = new Set(
        [...bodies].filter(([, body]) => places(body, said, callers).length > 0).map(([name]) => name),
      )
      if (more.size === callers.size) return callers
      callers = more
    }
  }
  const readers = callersOf(READ)
  const writers = callersOf(UNIT)
  return [...bodies]
    .filter(([, body]) => Math.min(...places(body, READ, readers)) < Math.max(...places(body, UNIT, writers)))
    .map(([name]) => name)
}

function drawerOf(file: string): string | undefined {
  return /^src\/flows\/(?:([^/]+)\/)?[^/]+\.ts$/
    .exec(file)
    ?.slice(1, 2)
    .map((name) => name ?? '')[0]
}

function drawerFaults(file: string, text: string): string[] {
  const own = drawerOf(file)
  if (own === undefined) return []
  return importsOf(file, withoutComments(text)).flatMap(({ target }) => {
    const other = drawerOf(target)
    if (other === undefined || other === own || other === '') return []
    const isBefore = DRAWERS.includes(other) && DRAWERS.indexOf(other) < DRAWERS.indexOf(own)
    const mayAudit = other === 'audit' && ['users', 'operator'].includes(own)
    return isBefore || mayAudit ? [] : [`${file} imports ${target}`]
  })
}

/** What each file imports, types and dynamic imports included. */
function importGraph(): Map<string, string[]> {
  const targets = (file: string) => importsOf(file, withoutComments(read(file))).map(({ target }) => target)
  return new Map(sources.map((file) => [file, targets(file)]))
}

/** The files that import each file. */
function readersOf(graph: Map<string, string[]>): Map<string, Set<string>> {
  const readers = new Map<string, Set<string>>()
  for (const [file, targets] of graph) {
    for (const target of targets) readers.set(target, (readers.get(target) ?? new Set()).add(file))
  }
  return readers
}

/** Exported functions that two files have, because a reader searches by name. */
function namedTwice(files: [file: string, text: string][]): string[] {
  const places = Map.groupBy(
    files.flatMap(([file, text]) =>
      [...text.matchAll(/^export (?:async )?function\*? ?(\w+)/gm)].map(([, name = '']) => ({ name, file })),
    ),
    ({ name }) => name,
  )
  return [...places].flatMap(([name, found]) => {
    const own = [...new Set(found.map(({ file }) => file))]
    return own.length > 1 ? [`${name}: ${own.join(' ')}`] : []
  })
}

/** Pairs of folders with imports in both directions. A folder and one below it may have them. */
function foldersBothWays(graph: Map<string, string[]>): string[] {
  const arrows = new Set<string>()
  for (const [file, targets] of graph) {
    for (const target of targets) arrows.add(`${posix.dirname(file)} ${posix.dirname(target)}`)
  }
  return [...arrows].filter((arrow) => {
    const [from = '', to = ''] = arrow.split(' ')
    const isNested = `${to}/`.startsWith(`${from}/`) || `${from}/`.startsWith(`${to}/`)
    return from < to && !isNested && arrows.has(`${to} ${from}`)
  })
}

/** The groups of files that reach each other, each as one line (Tarjan's strongly connected components). */
function circlesIn(graph: Map<string, string[]>): string[] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const circles: string[] = []
  const visit = (file: string): number => {
    const at = order.size
    order.set(file, at)
    lowest.set(file, at)
    stack.push(file)
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue
      const reached = order.has(target) ? (stack.includes(target) ? (order.get(target) ?? at) : at) : visit(target)
      lowest.set(file, Math.min(lowest.get(file) ?? at, reached))
    }
    if (lowest.get(file) === at) {
      const group = stack.splice(stack.indexOf(file))
      if (group.length > 1 || graph.get(file)?.includes(file)) circles.push(group.sort().join(' '))
    }
    return lowest.get(file) ?? at
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return circles
}

function printsItself(text: string): boolean {
  return /\.\s*write\s*\(|\bconsole\b|\bthis\.log\w*\(|\bas Clean\b/.test(withoutStrings(withoutComments(text)))
}

function opensUnit(text: string): boolean {
  return UNIT_OF_WORK.test(withoutStrings(withoutComments(text)))
}

/** A statement that only locks: the unit then goes on with what was read before. */
function dropsLockedRow(text: string): boolean {
  return /^\s*await lock[A-Z]\w*\(/m.test(withoutComments(text))
}

function showsBareCommand(text: string): boolean {
  return BARE_COMMAND.test(text) || /'authd [^'\n]* ' \+|\['authd',/.test(text)
}

function ruleOf(file: string): string | undefined {
  const fitting = Object.keys(RULES).filter((place) => isIn(file, place))
  return fitting.sort((a, b) => b.length - a.length)[0]
}

function faults(file: string, text: string): string[] {
  const place = ruleOf(file) ?? ''
  const rule = RULES[place]
  if (!rule) return []
  const may = [...rule.may, place]
  const said = withoutComments(text)
  const found = importsOf(file, said).flatMap(({ target, isType }) => {
    if (may.some((allowed) => isIn(target, allowed))) return []
    if (!rule.mayAsType?.some((allowed) => isIn(target, allowed))) return [`${file} imports ${target}`]
    return isType ? [] : [`${file} imports ${target}, of which it may only import types`]
  })
  const code = withoutStrings(said)
  const forbidden = ONLY_IN.filter(({ places }) => !places.some((allowed) => isIn(file, allowed))).map(
    (only) => only.said,
  )
  const words = [rule.mayNotSay, ...forbidden].flatMap((pattern) => pattern?.exec(code)?.[0] ?? [])
  return [...found, ...words.map((word) => `${file} says ${word}`)]
}

function isIn(target: string, place: string): boolean {
  if (place.endsWith('*')) return target.startsWith(place.slice(0, -1))
  if (place.endsWith('/')) return target.startsWith(place)
  return target === place || (!place.endsWith('.ts') && target.startsWith(`${place}/`))
}

function importsOf(file: string, text: string): { target: string; isType: boolean }[] {
  const statements = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?([^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/g,
  )
  return [...statements].map(([, type, names = '', fixed, lazy]) => {
    const specifier = fixed ?? lazy ?? ''
    return {
      target: specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier,
      isType: type !== undefined || /^\{(\s*type\s[^,}]+,?)+\s*\}/.test(names),
    }
  })
}

function withoutComments(text: string): string {
  return text.replace(/('(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|(^|\s)\/\/[^\n]*/g, '$1$2')
}

function withoutStrings(text: string): string {
  return text.replace(/'(?:\\.|[^'\\\n])*'/g, "''")
}
