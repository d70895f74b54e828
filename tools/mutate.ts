import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { apply, type Mutant, mutantsOf, traced } from './mutate/mutants.ts'

/*
 * npm run mutate -- FILE…   changes these sources, one small thing at a time, and lists what no test notices
 *   --tests TEXT            only test files whose path contains this; may be repeated
 *   --line N                only mutants of this line; may be repeated
 *   --every N               only each Nth mutant
 *
 * It works in a copy of the tree. One traced run finds which tests reach which mutant; then each mutant meets those.
 * Exit code 1: a mutant survived that tools/mutate/explained.txt does not explain.
 */

const ROOT = join(import.meta.dirname, '..')
/** Test files of the first run of a mutant: most mutants end there. */
const FIRST = 4

interface Placed extends Mutant {
  file: string
}

interface Traced {
  test: string
  ms: number
  always: number[]
  tests: { name: string; isPassed: boolean; reached: number[] }[]
}

/** Runs in each test file: records what its tests reach, and skips the tests that a mutant does not need. */
const SETUP = `
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeEach, expect } from 'vitest'
const startedAt = performance.now()
const always = new Set()
const tests = []
let reached = always
globalThis.reached = (...mutants) => mutants.forEach((n) => reached.add(n))
const wanted = process.env.MUTATE_WANTED && JSON.parse(readFileSync(process.env.MUTATE_WANTED, 'utf8'))
beforeEach((context) => {
  const { testPath, currentTestName: name } = expect.getState()
  if (wanted && !wanted.includes(testPath + ' ' + name)) context.skip()
  reached = new Set()
  tests.push({ name, isPassed: true, reached })
})
afterEach(({ task }) => {
  if (task.result?.state === 'fail') tests.at(-1).isPassed = false
})
afterAll(() => {
  const test = expect.getState().testPath
  const json = tests.map((one) => ({ ...one, reached: [...one.reached] }))
  const ms = performance.now() - startedAt
  const file = process.env.MUTATE_TRACE + '/' + test.replaceAll('/', '_') + '.json'
  if (!wanted) writeFileSync(file, JSON.stringify({ test, ms, always: [...always], tests: json }))
})
`

const CONFIG = `
import base from './vitest.config.ts'
export default { test: { ...base.test, setupFiles: ['mutate.setup.ts'], reporters: ['dot'] } }
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string', multiple: true, default: [] },
    line: { type: 'string', multiple: true, default: [] },
    every: { type: 'string', default: '1' },
  },
})
const files = positionals.flatMap((name) => (name.endsWith('/') ? globSync(`${name}**/*.ts`, { cwd: ROOT }) : [name]))
if (files.length === 0) throw new Error('Name a file: npm run mutate -- src/flows/policy/factor.ts')

const copy = makeCopy()
process.once('exit', () => rmSync(copy, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
const sources = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))
const mutants: Placed[] = [...sources].flatMap(([file, source]) => mutantsOf(source).map((one) => ({ ...one, file })))
const explained = new Set(readFileSync(join(ROOT, 'tools/mutate/explained.txt'), 'utf8').split('\n'))
const traces = await trace()
const kills = new Map<string, number>()
const counts = { killed: 0, explained: 0, survived: 0 }

for (const [n, mutant] of mutants.entries()) {
  if (n % Number(values.every) !== 0) continue
  if (values.line.length > 0 && !values.line.includes(String(mutant.line))) continue
  const outcome = (await isNoticed(mutant, n)) ? 'killed' : explained.has(nameOf(mutant)) ? 'explained' : 'survived'
  counts[outcome]++
  if (outcome === 'survived') say(nameOf(mutant).replace('  ', `:${mutant.line}  `))
}
say(`${counts.killed} killed, ${counts.explained} explained, ${counts.survived} survived`)
process.exitCode = counts.survived > 0 ? 1 : 0

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** `file  before → after`, without the line, so that it stays true when lines move. */
function nameOf({ file, start, end, text, place }: Placed): string {
  const source = sources.get(file) ?? ''
  const shown = start === end ? { start, end: source.indexOf('\n', start + 1) } : { start, end }
  const short = (code: string) => code.replace(/\s+/g, ' ').trim().slice(0, 90)
  const rest = source.slice(shown.start, place.kind === 'body' ? source.indexOf('\n', shown.end + 1) : shown.end)
  return `${file}  ${short(rest)} → ${short(text)}`
}

function makeCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'authd-mutate-'))
  const skipped = new Set(['.git', 'node_modules', 'dist'])
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !skipped.has(relative(ROOT, path)) })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(folder, 'trace'))
  writeFileSync(join(folder, 'mutate.setup.ts'), SETUP)
  writeFileSync(join(folder, 'mutate.config.ts'), CONFIG)
  return folder
}

/** Runs the related tests once with a call at the place of each mutant. */
async function trace(): Promise<Traced[]> {
  let first = 0
  for (const [file, source] of sources) {
    const own = mutants.filter((mutant) => mutant.file === file)
    writeFileSync(join(copy, file), traced(source, own, first))
    first += own.length
  }
  const chosen = values.tests.length > 0 ? ['run', ...values.tests] : ['related', '--run', ...files]
  const code = await vitest(chosen, { deadlineMs: 3_600_000 })
  for (const [file, source] of sources) writeFileSync(join(copy, file), source)
  const found = globSync('trace/*.json', { cwd: copy }).map(
    (name) => JSON.parse(readFileSync(join(copy, name), 'utf8')) as Traced,
  )
  const failed = found.flatMap(({ tests }) => tests.filter(({ isPassed }) => !isPassed))
  if (code !== 0)
    process.stderr.write(`Without a mutant: exit code ${code}, ${failed.length} failed tests are left out\n`)
  process.stderr.write(`${mutants.length} mutants, ${found.length} test files\n`)
  return found
}

/** Meets the tests that reach a mutant: first the files that killed the most so far, or have the name of the source. */
async function isNoticed(mutant: Placed, n: number): Promise<boolean> {
  const reaching = traces.flatMap(({ test, ms, always, tests }) => {
    const those = tests.filter((one) => one.isPassed && (always.includes(n) || one.reached.includes(n)))
    return those.length === 0 ? [] : [{ test, ms, names: those.map(({ name }) => `${test} ${name}`) }]
  })
  const subject = basename(mutant.file, '.ts')
  const rank = ({ test }: { test: string }) => (kills.get(test) ?? 0) + (basename(test).startsWith(subject) ? 1000 : 0)
  reaching.sort((left, right) => rank(right) - rank(left) || left.ms - right.ms)
  const source = sources.get(mutant.file) ?? ''
  writeFileSync(join(copy, mutant.file), apply(source, mutant))
  try {
    for (const batch of [reaching.slice(0, FIRST), reaching.slice(FIRST)]) {
      if (batch.length === 0) continue
      const wanted = join(copy, 'wanted.json')
      writeFileSync(wanted, JSON.stringify(batch.flatMap(({ names }) => names)))
      // A mutant that waits or loops for ever ends here, and is noticed.
      const deadlineMs = 30_000 + 5 * batch.reduce((sum, { ms }) => sum + ms, 0)
      const code = await vitest(['run', ...batch.map(({ test }) => test), '--bail=1'], { wanted, deadlineMs })
      if (code === 0) continue
      for (const { test } of batch) kills.set(test, (kills.get(test) ?? 0) + 1 / batch.length)
      return true
    }
    return false
  } finally {
    writeFileSync(join(copy, mutant.file), source)
  }
}

/** Resolves with the exit code; null if it was ended at the deadline, with all its workers. */
async function vitest(args: string[], { wanted, deadlineMs }: { wanted?: string; deadlineMs: number }) {
  const program = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const env = { ...process.env, MUTATE_TRACE: join(copy, 'trace'), ...(wanted && { MUTATE_WANTED: wanted }) }
  const child = spawn(process.execPath, [program, ...args, '--config=mutate.config.ts'], {
    cwd: copy,
    env,
    stdio: 'ignore',
    detached: true,
  })
  const end = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
  process.once('exit', end)
  const timer = setTimeout(end, deadlineMs)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearTimeout(timer)
  process.off('exit', end)
  return code
}
