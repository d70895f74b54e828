import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { BY_HAND, changesOf } from './mutate/by-hand.ts'
import { handMade, type Mutant, mutantsOf, nameOf, switched } from './mutate/mutants.ts'
import type { Entry, Plan } from './mutate/runner.ts'

/*
 * npm run mutate -- FILE…   changes these sources, one small thing at a time, and lists what no test notices
 *   --tests TEXT            only test files whose path contains this; may be repeated
 *   --line N                only mutants of this line; may be repeated
 *   --sample N              at most N mutants of each file, chosen by --seed
 *   --seed TEXT
 *   --budget MINUTES        stop then, and say how many mutants are undecided
 *   --by-hand               the mutants of tools/mutate/by-hand.ts, which each break a promise; of these files, if named;
 *                           without --tests, against the tests that state their promises
 *   --workers N             test files at a time; default 2
 *
 * It works in a copy of the tree, which has all mutants in it, each behind a switch. A traced run finds which test
 * reaches which mutant; it is kept, so that the next run traces only what changed. Then each test runs once for each of
 * its mutants, the likeliest tests first, until the mutant is killed. A mutant that is read while modules are loaded
 * needs a process of its own: these come last.
 * Exit code 1: a mutant survived that tools/mutate/explained.txt does not explain.
 */

const ROOT = join(import.meta.dirname, '..')
const CACHE = join(ROOT, 'node_modules/.cache/authd-mutate')
/** Test files of a mutant, round by round: most mutants die in the first. */
const ROUNDS = [1, 3, 10, 1000]
/** Test files whose trace is kept together, so that a run that stops loses little. */
const TRACED_AT_ONCE = 15

interface Placed extends Mutant {
  file: string
  name: string
  isByHand: boolean
}

interface TracedTest {
  name: string
  ms: number
  isPassed: boolean
  reached: number[]
}

/** What is kept of a source file: by test file, with the digest of that. */
interface Trace {
  source: string
  loaded: number[]
  tests: Record<string, { digest: string; tests: TracedTest[] }>
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string', multiple: true, default: [] },
    line: { type: 'string', multiple: true, default: [] },
    sample: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '' },
    budget: { type: 'string', default: 'Infinity' },
    workers: { type: 'string', default: '2' },
    'by-hand': { type: 'boolean', default: false },
  },
})
const named = positionals.flatMap((name) =>
  name.endsWith('.ts') ? [name] : globSync(`${name}/**/*.ts`, { cwd: ROOT }),
)
const files = named.length === 0 && values['by-hand'] ? Object.keys(BY_HAND) : named
if (files.length === 0) throw new Error('Name a file: npm run mutate -- src/flows/policy/factor.ts')

const endsAt = performance.now() + Number(values.budget) * 60_000
const copy = makeCopy()
let endRun = () => {}
process.once('exit', () => {
  endRun()
  rmSync(copy, { recursive: true, force: true, maxRetries: 5 })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const sources = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))
const testFiles = globSync('test/**/*.test.ts', { cwd: ROOT, exclude: ['test/torture/**', '**/node_modules/**'] })
  .filter(isWanted)
  .map((file) => ({ file, digest: digest(readFileSync(join(ROOT, file), 'utf8')) }))
const mutants: Placed[] = [...sources].flatMap(([file, source]) =>
  of(file, source).map((one, n, all) => {
    const isByHand = n >= all.length - changesOf(file).length
    return { ...one, file, name: nameOf(source, one), isByHand }
  }),
)
const explained = new Set(readFileSync(join(ROOT, 'tools/mutate/explained.txt'), 'utf8').split('\n'))
writeSwitched()
const { reaching, loaded } = await trace()
const outcomes = new Map<number, 'killed' | 'explained' | 'survived'>()
const kills = new Map<string, number>()

const chosen = sample()
for (const n of chosen) if (explained.has(`${mutants[n]?.file}  ${mutants[n]?.name}`)) outcomes.set(n, 'explained')
const dynamic = chosen.filter((n) => !loaded.has(n))
const spoilt = new Set<number>()
// Kills change the order of the tests, so each mutant has a list of those that it has met.
const met = new Map(dynamic.map((n) => [n, new Set<string>()]))
for (const [round, size] of ROUNDS.entries()) {
  process.stderr.write(`Round ${round + 1}: ${dynamic.filter((n) => !outcomes.has(n)).length} mutants\n`)
  await meet(dynamic, size)
}
for (const n of dynamic)
  if (!outcomes.has(n) && !spoilt.has(n) && performance.now() < endsAt) outcomes.set(n, 'survived')
for (const n of [...spoilt, ...chosen.filter((one) => loaded.has(one))]) if (!outcomes.has(n)) await meetAlone(n)
report()

function report(): void {
  for (const n of chosen) {
    const { file, line, column, name } = mutants[n] as Placed
    if (outcomes.get(n) === 'survived') say(`${file}:${line}:${column}  ${name}`)
  }
  for (const file of files) {
    const own = chosen.filter((n) => mutants[n]?.file === file)
    const count = (outcome: string) => own.filter((n) => (outcomes.get(n) ?? 'undecided') === outcome).length
    const counts = ['killed', 'explained', 'survived', 'undecided'].map((outcome) => `${count(outcome)} ${outcome}`)
    if (own.length > 0)
      say(`${file}: ${own.length} mutants, ${counts.filter((text) => !text.startsWith('0 ')).join(', ')}`)
  }
  process.exitCode = [...outcomes.values()].includes('survived') ? 1 : 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** All mutants of a source: those by rule, then those by hand. */
function of(file: string, source: string): Mutant[] {
  return [...mutantsOf(source), ...changesOf(file).map((one) => handMade(source, one))]
}

/** Mutants by hand need only the tests that state their promises. */
function isWanted(testFile: string): boolean {
  if (values.tests.length > 0) return values.tests.some((text) => testFile.includes(text))
  return !values['by-hand'] || files.some((file) => isStatedIn(file, testFile))
}

function isStatedIn(file: string, testFile: string): boolean {
  return BY_HAND[file]?.tests.some((test) => testFile === `test/${test}.test.ts`) ?? false
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function sample(): number[] {
  const isChosen = ({ line, isByHand }: Placed) =>
    isByHand === values['by-hand'] && (values.line.length === 0 || values.line.includes(String(line)))
  const all = [...mutants.keys()].filter((n) => isChosen(mutants[n] as Placed))
  return files.flatMap((file) => {
    const own = all.filter((n) => mutants[n]?.file === file)
    const key = new Map(own.map((n) => [n, digest(`${values.seed} ${n} ${mutants[n]?.name}`)]))
    const shuffled = own.toSorted((left, right) => ((key.get(left) ?? '') < (key.get(right) ?? '') ? -1 : 1))
    return shuffled.slice(0, Number(values.sample)).sort((left, right) => left - right)
  })
}

function makeCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'authd-mutate-'))
  const skipped = new Set(['.git', 'node_modules', 'dist'])
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !skipped.has(relative(ROOT, path)) })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const config = `import base from './vitest.config.ts'
    export default { test: { ...base.test, runner: './tools/mutate/runner.ts', reporters: ['dot'],
      maxWorkers: ${Number(values.workers)}, testTimeout: 600_000, dangerouslyIgnoreUnhandledErrors: true } }`
  writeFileSync(join(folder, 'mutate.config.ts'), config)
  return folder
}

function writeSwitched(): void {
  let first = 0
  for (const [file, source] of sources) {
    const own = of(file, source)
    writeFileSync(join(copy, file), switched(source, own, first))
    first += own.length
  }
}

/** By mutant, the test files that reach it, with their tests. Traces what the cache does not know. */
async function trace() {
  const traces = new Map(files.map((file) => [file, readTrace(file)]))
  const isStale = (test: { file: string; digest: string }) =>
    [...traces.values()].some(({ tests }) => tests[test.file]?.digest !== test.digest)
  const stale = testFiles.filter(isStale)
  process.stderr.write(`${mutants.length} mutants. Tracing ${stale.length} of ${testFiles.length} test files\n`)
  while (stale.length > 0 && performance.now() < endsAt) {
    const some = stale.splice(0, TRACED_AT_ONCE)
    const entries = await vitest(some.map(({ file }) => file))
    for (const [file, kept] of traces) {
      addTo(kept, file, some, entries)
      writeFileSync(cacheOf(file), JSON.stringify(kept))
    }
  }
  if (stale.length > 0) process.stderr.write(`No time for ${stale.length} test files: they are left out\n`)
  return reachingOf(traces)
}

function addTo(kept: Trace, file: string, traced: { file: string; digest: string }[], entries: Entry[]): void {
  const first = mutants.findIndex((one) => one.file === file)
  const count = mutants.filter((one) => one.file === file).length
  const own = ({ reached }: { reached: number[] }) => reached.map((n) => n - first).filter((n) => n >= 0 && n < count)
  for (const test of traced) kept.tests[test.file] = { digest: test.digest, tests: [] }
  for (const entry of entries) {
    if (entry.kind === 'loaded') kept.loaded = [...new Set([...kept.loaded, ...own(entry)])]
    if (entry.kind !== 'traced' || own(entry).length === 0) continue
    const { name, ms, isPassed } = entry
    kept.tests[entry.file]?.tests.push({ name, ms, isPassed, reached: own(entry) })
  }
}

function reachingOf(traces: Map<string, Trace>) {
  const reaching = new Map<number, Map<string, TracedTest[]>>()
  const loaded = new Set<number>()
  for (const [file, kept] of traces) {
    const first = mutants.findIndex((one) => one.file === file)
    for (const n of kept.loaded) loaded.add(first + n)
    for (const { file: testFile } of testFiles) {
      for (const test of kept.tests[testFile]?.tests ?? []) {
        if (!test.isPassed) continue
        // Whatever a module reads while it is loaded can matter to each test that reaches the module.
        for (const n of new Set([...test.reached, ...kept.loaded])) {
          const tests = reaching.get(first + n) ?? new Map<string, TracedTest[]>()
          reaching.set(first + n, tests.set(testFile, [...(tests.get(testFile) ?? []), test]))
        }
      }
    }
  }
  return { reaching, loaded }
}

/** Of the source and its mutants, whose numbers the trace has. */
function keyOf(file: string): string {
  const source = sources.get(file) ?? ''
  return digest(JSON.stringify([source, of(file, source)]))
}

function cacheOf(file: string): string {
  return join(CACHE, `${file.replaceAll('/', '_')}.json`)
}

/** What is kept, without what a change of the source has outdated: the tests that reached it. */
function readTrace(file: string): Trace {
  mkdirSync(CACHE, { recursive: true })
  const source = keyOf(file)
  const path = cacheOf(file)
  if (!existsSync(path)) return { source, loaded: [], tests: {} }
  const kept = JSON.parse(readFileSync(path, 'utf8')) as Trace
  if (kept.source === source) return kept
  const unreaching = Object.entries(kept.tests).filter(([, { tests }]) => tests.length === 0)
  return { source, loaded: [], tests: Object.fromEntries(unreaching) }
}

/** The test files that reach a mutant: first those that have the name of the source or killed much, then the quick ones. */
function ranked(n: number): string[] {
  const { file: source = '', isByHand = false } = mutants[n] ?? {}
  const tests = [...(reaching.get(n) ?? new Map<string, TracedTest[]>())].filter(
    ([file]) => !isByHand || values.tests.length > 0 || isStatedIn(source, file),
  )
  const subject = basename(source, '.ts')
  const costs = new Map(
    tests.map(([file, those]) => {
      const ms = 100 + those.reduce((sum, one) => sum + one.ms, 0)
      return [file, ms / (1 + (kills.get(file) ?? 0)) / (basename(file).startsWith(subject) ? 10 : 1)]
    }),
  )
  return [...costs.keys()].sort((left, right) => (costs.get(left) ?? 0) - (costs.get(right) ?? 0))
}

/** Runs these mutants against `size` more of their test files, all in one run. A run that stands still is ended and goes on. */
async function meet(all: number[], size: number): Promise<void> {
  const next = (n: number) =>
    ranked(n)
      .filter((test) => !met.get(n)?.has(test))
      .slice(0, size)
  const open = new Map(all.filter((n) => !outcomes.has(n)).map((n) => [n, next(n)]))
  for (const [n, tests] of open) for (const test of tests) met.get(n)?.add(test)
  while (performance.now() < endsAt) {
    const plan: Plan = {}
    for (const [n, tests] of open) {
      if (outcomes.has(n)) continue
      for (const test of tests) {
        for (const { name, ms } of reaching.get(n)?.get(test) ?? []) {
          const { mutants: before = [] } = plan[test]?.[name] ?? {}
          plan[test] = { ...plan[test], [name]: { mutants: [...before, n], deadlineMs: 20_000 + 5 * ms } }
        }
      }
    }
    if (Object.keys(plan).length === 0) return
    const entries = await vitest(Object.keys(plan), { plan })
    const unclear = new Set(
      entries.flatMap((entry) => (entry.kind === 'spoilt' ? [`${entry.file} ${entry.name}`] : [])),
    )
    const running = new Map<number, number>()
    for (const entry of entries) {
      if (entry.kind === 'began') running.set(entry.pid, entry.mutant)
      if (entry.kind !== 'ended') continue
      running.delete(entry.pid)
      if (!entry.isKilled) continue
      if (unclear.has(`${entry.file} ${entry.name}`)) spoilt.add(entry.mutant)
      else kill(entry.mutant, entry.file)
    }
    if (running.size === 0) return
    // They made the run stand still.
    for (const n of running.values()) kill(n)
  }
}

function kill(n: number, by?: string): void {
  outcomes.set(n, 'killed')
  if (by !== undefined) kills.set(by, (kills.get(by) ?? 0) + 1)
}

/** Runs one mutant from the start of a process. */
async function meetAlone(n: number): Promise<void> {
  const tests = ranked(n)
  for (const batch of [tests.slice(0, 3), tests.slice(3)]) {
    if (performance.now() > endsAt) return
    if (batch.length === 0) continue
    const plan: Plan = {}
    for (const file of batch) {
      const planned = reaching
        .get(n)
        ?.get(file)
        ?.map(({ name, ms }) => [name, { mutants: [n], deadlineMs: 20_000 + 5 * ms }])
      plan[file] = Object.fromEntries(planned ?? [])
    }
    const entries = await vitest(batch, { plan, fixed: n })
    const isRun = entries.some((entry) => entry.kind === 'ended')
    if (isRun && !entries.some((entry) => entry.kind === 'ended' && entry.isKilled)) continue
    kill(n)
    return
  }
  outcomes.set(n, 'survived')
}

/** What the runner said. A run that says nothing for longer than its deadlines allow is ended, with all its workers. */
async function vitest(tests: string[], { plan, fixed }: { plan?: Plan; fixed?: number } = {}): Promise<Entry[]> {
  const log = join(copy, 'mutate.log')
  writeFileSync(log, '')
  const planFile = join(copy, 'mutate.plan.json')
  if (plan) writeFileSync(planFile, JSON.stringify(plan))
  const deadlines = Object.values(plan ?? {}).flatMap((those) =>
    Object.values(those).map(({ deadlineMs }) => deadlineMs),
  )
  const patienceMs = plan ? 60_000 + deadlines.reduce((most, one) => Math.max(most, one), 0) : 600_000
  const program = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const args = [program, 'run', ...tests, '--config=mutate.config.ts', ...(fixed === undefined ? [] : ['--bail=1'])]
  const env = {
    ...process.env,
    MUTATE_LOG: log,
    ...(plan && { MUTATE_PLAN: planFile }),
    ...(fixed !== undefined && { MUTATE_FIXED: String(fixed) }),
  }
  const child = spawn(process.execPath, args, { cwd: copy, env, stdio: 'ignore', detached: true })
  endRun = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
  const exit = once(child, 'exit')
  let [size, grewAt] = [0, performance.now()]
  while (child.exitCode === null && child.signalCode === null) {
    await Promise.race([exit, wait(2000, undefined, { ref: false })])
    const now = statSync(log).size
    if (now !== size) [size, grewAt] = [now, performance.now()]
    const isEnded = child.exitCode !== null || child.signalCode !== null
    if (!isEnded && (performance.now() - grewAt > patienceMs || (plan && performance.now() > endsAt))) endRun()
  }
  endRun = () => {}
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
  return lines.map((line) => JSON.parse(line) as Entry)
}
