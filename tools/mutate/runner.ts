import { appendFileSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { type RunnerTestCase, TestRunner } from 'vitest'

/*
 * Runs inside vitest, in the copy of the tree. Without a plan it records which mutants each test reaches. With one it
 * repeats each planned test, once for each of its mutants, until that mutant is killed.
 */

const { MUTATE_LOG = '', MUTATE_PLAN, MUTATE_FIXED } = process.env

/** Of a test file, by the full name of the test. */
export type Plan = Record<string, Record<string, { mutants: number[]; deadlineMs: number }>>

export type Entry =
  | { kind: 'traced'; file: string; name: string; ms: number; isPassed: boolean; reached: number[] }
  /** Reached while modules were loaded, where no test can choose a mutant. */
  | { kind: 'loaded'; reached: number[] }
  | { kind: 'began'; file: string; name: string; mutant: number; pid: number }
  | { kind: 'ended'; file: string; name: string; mutant: number; pid: number; isKilled: boolean }
  /** The test failed without a mutant after others had run: what it said about them does not count. */
  | { kind: 'spoilt'; file: string; name: string }

const NONE = -1
/** The mutant that is on for the whole life of the process. */
const fixed = MUTATE_FIXED === undefined ? NONE : Number(MUTATE_FIXED)
const plan = MUTATE_PLAN === undefined ? undefined : (JSON.parse(readFileSync(MUTATE_PLAN, 'utf8')) as Plan)
const killed = new Set<number>()
let active = fixed
let reached = new Set<number>()

Object.assign(globalThis, {
  mutant(n: number) {
    if (plan === undefined) reached.add(n)
    return n === active
  },
})

export default class extends TestRunner {
  private turns: number[] = []
  private startedAt = 0
  private hasKilled = false

  override onBeforeRunTask(test: RunnerTestCase): Promise<void> {
    const planned = plan?.[fileOf(test)]?.[nameOf(test)]
    if (plan !== undefined && planned === undefined) test.mode = 'skip'
    if (planned !== undefined && fixed === NONE) {
      this.turns = planned.mutants.filter((mutant) => !killed.has(mutant))
      this.hasKilled = false
      if (this.turns.length === 0) test.mode = 'skip'
      // The last turn is without a mutant.
      test.repeats = this.turns.length
    }
    return super.onBeforeRunTask(test)
  }

  override onBeforeTryTask(test: RunnerTestCase, options: { retry: number; repeats: number }): void {
    if (plan === undefined && reached.size > 0) say({ kind: 'loaded', reached: [...reached] })
    reached = new Set()
    this.startedAt = performance.now()
    if (fixed === NONE) active = this.turns[options.repeats] ?? NONE
    if (active !== NONE) say({ kind: 'began', ...placeOf(test), mutant: active, pid: process.pid })
    super.onBeforeTryTask(test, options)
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    const run = TestRunner.getTestFn(test)
    const deadlineMs = plan?.[fileOf(test)]?.[nameOf(test)]?.deadlineMs
    if (deadlineMs === undefined) return await run()
    if (active === NONE && !this.hasKilled) return
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(() => late.reject(new Error('The mutant takes too long')), deadlineMs)
    try {
      await Promise.race([run(), late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  override async onAfterRetryTask(test: RunnerTestCase, options: { retry: number; repeats: number }): Promise<void> {
    const isPassed = test.result?.state !== 'fail'
    if (plan === undefined) {
      const ms = performance.now() - this.startedAt
      say({ kind: 'traced', ...placeOf(test), ms, isPassed, reached: [...reached] })
      reached = new Set()
    } else if (active !== NONE) {
      if (!isPassed) killed.add(active)
      this.hasKilled ||= !isPassed
      say({ kind: 'ended', ...placeOf(test), mutant: active, pid: process.pid, isKilled: !isPassed })
      active = fixed
    } else if (!isPassed) {
      say({ kind: 'spoilt', ...placeOf(test) })
    }
    await super.onAfterRetryTask(test, options)
  }
}

function say(entry: Entry): void {
  appendFileSync(MUTATE_LOG, `${JSON.stringify(entry)}\n`)
}

function placeOf(test: RunnerTestCase): { file: string; name: string } {
  return { file: fileOf(test), name: nameOf(test) }
}

function fileOf(test: RunnerTestCase): string {
  return relative(process.cwd(), test.file.filepath)
}

function nameOf(test: RunnerTestCase): string {
  return test.suite === undefined || test.suite === test.file ? test.name : `${suiteName(test.suite)} > ${test.name}`
}

function suiteName(suite: NonNullable<RunnerTestCase['suite']>): string {
  return suite.suite === undefined ? suite.name : `${suiteName(suite.suite)} > ${suite.name}`
}
