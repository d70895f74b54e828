import { z } from 'zod'
import { statsReader } from '../../flows/operator/status-counts.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const stats = (readStats: ReturnType<typeof statsReader>) =>
  endpoint({
    name: 'getStats',
    method: 'GET',
    path: '/admin/stats',
    summary: 'Count users, sessions and audit events.',
    tag: 'Admin: stats',
    guard: { scope: 'users:read' },
    answers: {
      200: {
        text: 'The counts, at most 15 seconds old. From 25,000 users or sessions on, at most three minutes.',
        schema: z
          .strictObject({
            total_users: z.int().describe('All users.'),
            total_sessions: z.int().describe('All sessions that are kept, also ended ones.'),
            active_sessions: z.int().describe('Live sessions.'),
            total_audit_logs: z.int().describe('Events of the audit log.'),
          })
          .meta({ id: 'Stats', description: 'The counts.' }),
      },
    },
    async handle(deps) {
      const { users, sessions, liveSessions, auditLogs } = await readStats(deps)
      const body = { total_users: users, total_sessions: sessions, active_sessions: liveSessions }
      return { status: 200, body: { ...body, total_audit_logs: auditLogs } }
    },
  })

/** Made for each app, because the reader caches its counts. */
export const adminStatsEndpoints = () => [stats(statsReader())]
