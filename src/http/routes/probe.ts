import { z } from 'zod'
import type { EarlyDeps } from '../../deps.ts'
import { checkReadiness, type Readiness, unreadyBefore } from '../../flows/upkeep/health.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { sample, timeField } from '../../resources/shared-fields.ts'
import { type Endpoint, endpoint } from '../endpoint/endpoint.ts'

/** What the daemon tells the probes. */
export interface Lifecycle {
  version: string
  /** Epoch milliseconds. */
  startedAt: number
  isStopping(): boolean
  /** `authd serve --dev`, which serves this machine only. */
  isDevelopment: boolean
}

/** Shorter than probes wait: two seconds with `authd healthcheck` and `authd status`. In milliseconds. */
const ANSWER_MS = 1500

/** The body of each probe before the database could be read. */
export function earlyProbes(
  lifecycle: Lifecycle,
  deps: EarlyDeps,
): Record<string, () => { status: 200 | 503; body: unknown }> {
  return {
    '/liveness': () => ALIVE,
    '/health': () => healthOf(lifecycle, deps.clock),
    '/readiness': () => readinessOf(lifecycle, unreadyBefore(deps)),
  }
}

const ALIVE = { status: 200 as const, body: { status: 'alive' as const } }

function healthOf({ startedAt, version }: Lifecycle, clock: EarlyDeps['clock']) {
  const now = clock.now()
  const uptime = Math.max(0, Math.floor((now - startedAt) / 1000))
  const body = { status: 'healthy' as const, version, uptime_seconds: uptime, timestamp: toRfc3339(now) }
  return { status: 200 as const, body }
}

function readinessOf({ isStopping }: Lifecycle, { isReady, checks, problems }: Readiness) {
  if (isStopping()) return STOPPING
  const status = !isReady
    ? ('unready' as const)
    : checks.mail === 'waiting'
      ? ('degraded' as const)
      : ('ready' as const)
  return { status: isReady ? (200 as const) : (503 as const), body: { status, checks, problems } }
}

const STOPPING = { status: 503 as const, body: { status: 'stopping' as const } }

/** No limit or filter applies to probes. `/liveness` uses nothing, so only a hanging process fails it. */
export function probeEndpoints(lifecycle: Lifecycle): Endpoint[] {
  const liveness = endpoint({
    name: 'getLiveness',
    method: 'GET',
    path: '/liveness',
    summary: 'Report that the process is alive.',
    tag: 'Probes',
    guard: 'none',
    answers: {
      200: {
        text: 'The process is alive.',
        schema: z
          .strictObject({ status: z.literal('alive').describe('The process is alive.') })
          .meta({ id: 'Liveness', description: 'The process is alive.' }),
      },
    },
    async handle() {
      return ALIVE
    },
  })
  const health = endpoint({
    name: 'getHealth',
    method: 'GET',
    path: '/health',
    summary: 'Return the version and the uptime.',
    tag: 'Probes',
    guard: 'none',
    answers: {
      200: {
        text: 'The daemon is running.',
        schema: z
          .strictObject({
            status: z.literal('healthy').describe('The daemon is running.'),
            version: sample('1.0.0').describe('The version of authd.'),
            uptime_seconds: z.int().describe('Seconds since the start.'),
            timestamp: timeField.describe('The time now.'),
          })
          .meta({ id: 'Health', description: 'Version and uptime.' }),
      },
    },
    async handle({ clock }) {
      return healthOf(lifecycle, clock)
    },
  })
  const readinessBody = z
    .strictObject({
      status: z.enum(['ready', 'degraded', 'unready', 'stopping']).describe('`degraded`: mails wait.'),
      checks: z
        .strictObject({
          database: z.enum(['ok', 'failed']).describe('Whether the database responds.'),
          schema: z.enum(['ok', 'outdated', 'unknown']).describe('Whether the schema of the database is current.'),
          mail: z
            .enum(['ok', 'waiting', 'unknown'])
            .describe('`waiting`: the mail server has not accepted the last mails.'),
        })
        .meta({ id: 'ReadinessChecks', description: 'What was checked.' })
        .optional()
        .meta({ description: 'What was checked.' }),
      problems: z
        .array(
          z
            .strictObject({
              what: z.enum(['database', 'schema', 'mail', 'log']).describe('What does not work.'),
              reason: sample('the disk is full').describe('Why it does not work.'),
              since: timeField.nullable().describe('Since when, if known.'),
            })
            .meta({ id: 'ReadinessProblem', description: 'Something that does not work now.' }),
        )
        .optional()
        .describe('What does not work now. Empty if everything works.'),
    })
    .meta({ id: 'Readiness', description: 'Whether authd can serve sign-ins.' })
  const readiness = endpoint({
    name: 'getReadiness',
    method: 'GET',
    path: '/readiness',
    summary: 'Report whether authd can serve sign-ins.',
    tag: 'Probes',
    guard: 'none',
    answers: {
      200: { text: '`ready`, or `degraded` while mails wait.', schema: readinessBody },
      503: {
        text: 'authd is stopping, the database cannot be read or written, or its schema is outdated.',
        schema: readinessBody,
      },
    },
    async handle(deps) {
      if (lifecycle.isStopping()) return STOPPING
      return readinessOf(lifecycle, await checkReadiness(deps, AbortSignal.timeout(ANSWER_MS)))
    },
  })
  return [liveness, health, readiness]
}
