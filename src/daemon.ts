import { once } from 'node:events'
import { hostname } from 'node:os'
import type { Deps, EarlyDeps } from './deps.ts'
import type { AuthdError } from './errors.ts'
import { sealAudit } from './flows/audit/numbering.ts'
import { flushTally } from './flows/limits/rate-limit.ts'
import { readMailsByState } from './flows/operator/status-counts.ts'
import { toAuthdError } from './flows/shown-error.ts'
import { announceNode, type Node, takeOver, withdrawNode } from './flows/upkeep/node.ts'
import { createApp, createMetricsApp, createWaitingApp } from './http/app.ts'
import type { Doors } from './http/doors.ts'
import type { Listener } from './http/server.ts'
import { byTheClock } from './jobs/by-the-clock.ts'
import { announcing, JOBS } from './jobs/list.ts'
import { type JobRunner, startJobs } from './jobs/runner.ts'
import { clockWatch } from './platform/clock-watch.ts'
import type { ServiceManager } from './platform/systemd.ts'

/** The time after server.shutdown_timeout for the last writes, in milliseconds. */
export const LAST_WRITES_MS = 700

export interface DaemonOptions {
  version: string
  service: ServiceManager
  doors: Doors
  isDevelopment: boolean
  /** Abort it to stop the daemon in order. */
  stop: AbortSignal
  /** Called when a command has closed the database to daemons. It must stop this one. */
  onRefused(why: AuthdError): void
}

export interface RunningDaemon {
  /** Where it listens: `http://127.0.0.1:3000`. */
  address: string
  /** The daemon's state for the log. It holds no secret. */
  describe(): Promise<Record<string, unknown>>
  /** Resolves when everything has ended in order. */
  stopped: Promise<void>
}

/** Answers 503 to everything but probes of the process, until `startDaemon` lets the daemon answer. */
export async function turnAway(deps: EarlyDeps, options: Omit<DaemonOptions, 'onRefused'>): Promise<void> {
  await options.doors.turnAway(await createWaitingApp(deps, lifecycleOf(deps, options)))
}

/**
 * Serves until `stop` is aborted. Then it turns unready, drains requests, ends the jobs and seals the audit log. The
 * caller closes deps.
 */
export async function startDaemon(deps: Deps, options: DaemonOptions): Promise<RunningDaemon> {
  const { version, service, doors, stop, isDevelopment, onRefused } = options
  const lifecycle = lifecycleOf(deps, options)
  const { startedAt } = lifecycle
  const config = deps.config.current()
  const { shutdownTimeout } = config.server
  const listeners = await doors.serve({
    main: await createApp(deps, lifecycle),
    admin: await createApp(deps, lifecycle, { door: 'admin' }),
    metrics: createMetricsApp(deps, lifecycle),
  })
  const address = listeners[0]?.address ?? ''
  const { publicUrl } = config
  const node = {
    id: deps.nodeId,
    host: hostname(),
    pid: process.pid,
    version,
    address,
    publicUrl,
    startedAt,
  }
  const isAnnounced = isDevelopment || deps.db.dialect === 'postgres'
  // Commands must find it from its first line on, and others must not take over what its jobs begin.
  if (isAnnounced) await announceNode(deps, node)
  await takeOver(deps, node)
  const own = [...byTheClock(clockWatch(deps.clock)), ...(isAnnounced ? [announcing(node, onRefused)] : [])]
  const jobs = startJobs(deps, [...JOBS, ...own])
  for (const listener of listeners) deps.log.info('listening', { address: listener.address, version })
  service.ready(`Serving ${deps.config.current().publicUrl}`)

  const stopped = (async () => {
    if (!stop.aborted) await once(stop, 'abort')
    service.notify(stoppingState(shutdownTimeout))
    deps.log.info('stopping')
    const until = performance.now() + shutdownTimeout
    await doors.close(shutdownTimeout)
    const running = await jobs.stop(Math.max(0, until - performance.now()))
    if (running.length > 0) deps.log.warn('stopping without the end of jobs', { jobs: running })
    await lastWrites(deps, isAnnounced ? node : undefined)
    deps.log.info('stopped')
  })()
  return { address, describe: () => describe(deps, { listeners, jobs }), stopped }
}

/** If requests take longer than TimeoutStopSec of the unit, systemd would kill the daemon in the middle of them. */
export function stoppingState(shutdownTimeout: number): string {
  return `STOPPING=1\nEXTEND_TIMEOUT_USEC=${(shutdownTimeout + 2 * LAST_WRITES_MS) * 1000}`
}

function lifecycleOf(
  { clock }: Pick<Deps, 'clock'>,
  { version, stop, isDevelopment }: Omit<DaemonOptions, 'onRefused'>,
) {
  return { version, startedAt: clock.now(), isStopping: () => stop.aborted, isDevelopment }
}

/** What the next start or another daemon does in its place, if the database cannot be used now. */
async function lastWrites(deps: Deps, node: Node | undefined): Promise<void> {
  try {
    if (node) await withdrawNode(deps, node)
    await flushTally(deps)
    await sealAudit(deps)
  } catch (error) {
    if (toAuthdError(error).code === 'INTERNAL_ERROR') throw error
    deps.log.warn('stopping without the last writes', { error })
  }
}

async function describe(
  deps: Deps,
  { listeners, jobs }: { listeners: Listener[]; jobs: JobRunner },
): Promise<Record<string, unknown>> {
  const open = listeners.map(async ({ address, connections }) => [address, await connections()])
  return {
    connections: Object.fromEntries(await Promise.all(open)),
    jobs: jobs.states(),
    mails: await readMailsByState(deps).catch(() => 'the database does not answer'),
  }
}
