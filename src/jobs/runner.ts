import type { Deps } from '../deps.ts'
import { SECOND } from '../platform/clock.ts'
import type { Job } from './list.ts'

/** Commits come in bursts: a job that they wake waits so long, and does the work of all of them. */
const GATHER_MS = 50
/** After a failure a job waits for its next turn, at least so long. */
const FAILURE_MS = SECOND

export interface JobRunner {
  /** By the job's name: what it does now, or how its last turn ended. */
  states(): Record<string, JobState>
  /** Ends when what is running has ended; nothing starts any more. */
  stop(): Promise<void>
}

type JobState = 'running' | 'done' | 'failed'

/** Runs each worker of a job on its own, never twice at once. The only user of timers beside the doors. */
export function startJobs(deps: Deps, jobs: readonly Job[]): JobRunner {
  const loops = jobs.flatMap((job) => Array.from({ length: job.workers?.(deps) ?? 1 }, () => startWorker(deps, job)))
  return {
    states: () => statesOf(loops),
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  }
}

/** Of a job with several workers, what one of them says that has more to say than that it is done. */
function statesOf(loops: { name: string; state(): JobState }[]): Record<string, JobState> {
  const states: Record<string, JobState> = {}
  for (const { name, state } of loops) if ((states[name] ?? 'done') === 'done') states[name] = state()
  return states
}

function startWorker(deps: Deps, job: Job) {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let isWoken = false
  let isStopped = false
  let last: JobState = 'done'

  let waitsMs = 0
  const schedule = (delayMs: number) => {
    clearTimeout(timer)
    waitsMs = delayMs
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
      last = 'done'
    } catch (error) {
      last = 'failed'
      deps.log.error('job failed', { job: job.name, error })
      delayMs = Math.max(job.everyMs, FAILURE_MS)
    }
    schedule(isWoken ? Math.min(delayMs, GATHER_MS) : delayMs)
  }
  const stopListening = job.isWokenByCommits
    ? deps.db.onCommit(() => {
        if (isWoken) return
        isWoken = true
        // Who is about to go on must not be put off by the commits of others.
        if (!running && waitsMs > GATHER_MS) schedule(GATHER_MS)
      })
    : () => {}
  schedule(0)
  return {
    name: job.name,
    state: (): JobState => (running ? 'running' : last),
    async stop() {
      isStopped = true
      stopListening()
      clearTimeout(timer)
      await running
    },
  }
}
