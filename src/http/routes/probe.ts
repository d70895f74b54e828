import { z } from 'zod'
import { checkReadiness } from '../../flows/operator/health.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { sample, timeField } from '../../resources/field.ts'
import { type Endpoint, endpoint } from '../endpoint/endpoint.ts'

/** What the daemon knows of itself. */
export interface Lifecycle {
  version: string
  /** Epoch milliseconds. */
  startedAt: number
  isStopping(): boolean
  /** On this machine only. */
  isDevelopment: boolean
}

/** Outside of every limit and filter. `/liveness` touches nothing: only a process that hangs fails it. */
export function probeEndpoints(lifecycle: Lifecycle): Endpoint[] {
  const liveness = endpoint({
    method: 'GET',
    path: '/liveness',
    summary: 'Is the process alive?',
    tag: 'Probes',
    guard: 'none',
    answers: { 200: { text: 'It is.', schema: z.strictObject({ status: z.literal('alive') }) } },
    async handle() {
      return { status: 200, body: { status: 'alive' } }
    },
  })
  const health = endpoint({
    method: 'GET',
    path: '/health',
    summary: 'Which version runs, and since when.',
    tag: 'Probes',
    guard: 'none',
    answers: {
      200: {
        text: 'It runs.',
        schema: z.strictObject({
          status: z.literal('healthy'),
          version: sample('1.0.0'),
          uptime_seconds: z.int(),
          timestamp: timeField,
        }),
      },
    },
    async handle({ clock }) {
      const now = clock.now()
      const uptime = Math.max(0, Math.floor((now - lifecycle.startedAt) / 1000))
      const body = { status: 'healthy', version: lifecycle.version, uptime_seconds: uptime, timestamp: toRfc3339(now) }
      return { status: 200, body }
    },
  })
  const readinessBody = z.strictObject({
    status: z.enum(['ready', 'degraded', 'unready', 'stopping']),
    checks: z
      .strictObject({
        database: z.enum(['ok', 'failed']),
        schema: z.enum(['ok', 'outdated', 'unknown']),
        mail: z
          .enum(['ok', 'waiting', 'unknown'])
          .describe('waiting: the mail server has not taken what it was given.'),
      })
      .optional(),
  })
  const readiness = endpoint({
    method: 'GET',
    path: '/readiness',
    summary: 'Can it serve a sign-in now?',
    tag: 'Probes',
    guard: 'none',
    answers: {
      200: { text: 'It can; degraded: mails wait.', schema: readinessBody },
      503: {
        text: 'It is stopping, or the database does not answer, or its schema is too old.',
        schema: readinessBody,
      },
    },
    async handle(deps) {
      if (lifecycle.isStopping()) return { status: 503, body: { status: 'stopping' } }
      const { isReady, checks } = await checkReadiness(deps)
      const status = !isReady ? 'unready' : checks.mail === 'waiting' ? 'degraded' : 'ready'
      return { status: isReady ? 200 : 503, body: { status, checks } }
    },
  })
  return [liveness, health, readiness]
}
