import type { Deps } from '../deps.ts'
import { SECOND } from '../platform/clock.ts'
import type { Job } from './list.ts'

/** Commits come in bursts: a job that they wake waits so long, and does the work of all of them. */
const GATHER_MS = 50
/** After a failure a job waits for its next turn, at least so long. */
const FAILURE_MS = SECOND

export interface JobRunner {
  /** Ends when what is running has ended; nothing starts any more. */
  stop(): Promise<void>
}

/** Runs each worker of a job on its own, never twice at once. The only user of timers beside the doors. */
export function startJobs(deps: Deps, jobs: readonly Job[]): JobRunner {
  const loops = jobs.flatMap((job) => Array.from({ length: job.workers?.(deps) ?? 1 }, () => startWorker(deps, job)))
  return {
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  }
}

function startWorker(deps: Deps, job: Job) {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let isWoken = false
  let isStopped = false

  const schedule = (delayMs: number) => {
    clearTimeout(timer)
    if (!isStopped) timer = setTimeout(start, delayMs)
  }
  const start = () => {
    isWoken = false
    running = run().finally(() => {
      running = undefined
    })
  }
  const run = async () => {
    let delayMs = job.everyMs
    try {
      if (await job.run(deps)) delayMs = 0
    } catch (error) {
      deps.log.error('job failed', { job: job.name, error })
      delayMs = Math.max(job.everyMs, FAILURE_MS)
    }
    schedule(isWoken ? Math.min(delayMs, GATHER_MS) : delayMs)
  }
  const stopListening = job.isWokenByCommits
    ? deps.db.onCommit(() => {
        if (isWoken) return
        isWoken = true
        if (!running) schedule(GATHER_MS)
      })
    : () => {}
  schedule(0)
  return {
    async stop() {
      isStopped = true
      stopListening()
      clearTimeout(timer)
      await running
    },
  }
}
