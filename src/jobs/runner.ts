import { setTimeout as wait } from 'node:timers/promises'
import type { Deps } from '../deps.ts'
import { SECOND } from '../platform/clock.ts'
import type { Job } from './list.ts'

/** Commits come in bursts. A job waits this long after one, and does the work of all of them. */
const GATHER_MS = 50
/** The shortest wait after a failure. */
const FAILURE_MS = SECOND

export interface JobRunner {
  /** For each job: whether it is running, or how its last turn ended. */
  states(): Record<string, JobState>
  /**
   * Waits for the running turns to end. No others start. After `graceMs` milliseconds they stop waiting for the outside
   * world. Returns the jobs that do not end even then.
   */
  stop(graceMs: number): Promise<string[]>
}

type JobState = 'running' | 'done' | 'failed'

/** How long a turn that was told to stop waiting has for its last write. */
const LAST_WRITE_MS = 300

/** Runs each job on its own timer. Flows have no timers. */
export function startJobs(deps: Deps, jobs: readonly Job[]): JobRunner {
  const stopping = new AbortController()
  const loops = jobs.map((job) => startJob(deps, job, stopping.signal))
  return {
    states: () => Object.fromEntries(loops.map((loop) => [loop.name, loop.state()])),
    async stop(graceMs) {
      const ended = Promise.all(loops.map((loop) => loop.stop()))
      if (!(await isDoneWithin(ended, graceMs))) {
        stopping.abort()
        await isDoneWithin(ended, LAST_WRITE_MS)
      }
      return loops.filter((loop) => loop.state() === 'running').map(({ name }) => name)
    },
  }
}

async function isDoneWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController()
  const late = wait(ms, false, { signal: timer.signal }).catch(() => false)
  const isDone = await Promise.race([work.then(() => true), late])
  timer.abort()
  return isDone
}

/** One turn looks for work at an interval. A turn that finds more is followed by two, up to the number of workers. */
function startJob(deps: Deps, job: Job, stopping: AbortSignal) {
  const workers = job.workers?.(deps) ?? 1
  const turns = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let waitsMs = 0
  let isWoken = false
  let isStopped = false
  let last: JobState = 'done'

  const schedule = (delayMs: number) => {
    clearTimeout(timer)
    waitsMs = delayMs
    if (!isStopped) timer = setTimeout(look, delayMs)
  }
  const look = () => {
    begin()
    schedule(job.everyMs)
  }
  const begin = () => {
    if (isStopped || turns.size >= workers) return
    isWoken = false
    const turn = work().then((isMore) => {
      turns.delete(turn)
      if (isMore) for (const _ of [1, 2]) setImmediate(begin)
      else if (isWoken && last === 'done') schedule(GATHER_MS)
    })
    turns.add(turn)
  }
  const work = async () => {
    try {
      const isMore = await job.run(deps, stopping)
      last = 'done'
      return isMore
    } catch (error) {
      last = 'failed'
      deps.log.error('job failed', { job: job.name, error })
      schedule(Math.max(job.everyMs, FAILURE_MS))
      return false
    }
  }
  const stopListening = job.isWokenByCommits
    ? deps.db.onCommit(() => {
        isWoken = true
        if (turns.size < workers && waitsMs > GATHER_MS && last !== 'failed') schedule(GATHER_MS)
      })
    : () => {}
  const stopHearing = job.isWokenByChanges
    ? deps.db.onChange(() => {
        isWoken = true
        if (turns.size < workers) schedule(0)
      })
    : () => {}
  schedule(0)
  return {
    name: job.name,
    state: (): JobState => (turns.size > 0 ? 'running' : last),
    async stop() {
      isStopped = true
      stopListening()
      stopHearing()
      clearTimeout(timer)
      await Promise.all(turns)
    },
  }
}
