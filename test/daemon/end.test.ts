import { expect, test } from 'vitest'
import { startDaemon } from '../../src/daemon.ts'
import { tally } from '../../src/flows/limits/rate-limit.ts'
import { createDoors } from '../../src/http/doors.ts'
import { listAuditLogsAfter } from '../../src/store/audit-logs.ts'
import { findBucket } from '../../src/store/rate-limits.ts'
import { freePort } from '../support/cli.ts'
import { startAuthd } from '../support/harness.ts'

const SERVICE = { notify: () => {}, ready: () => {}, listenFds: [] }

/** A daemon of this process, and how to stop it. */
async function startStoppable(config: Record<string, unknown> = {}) {
  const authd = await startAuthd({ config: { server: { host: '127.0.0.1', port: await freePort() }, ...config } })
  const controller = new AbortController()
  const doors = createDoors(authd.deps.config.current(), undefined)
  const stop = () => controller.abort()
  const options = {
    version: '0',
    service: SERVICE,
    doors,
    isDevelopment: false,
    stop: controller.signal,
    onRefused: stop,
  }
  return { authd, daemon: await startDaemon(authd.deps, options), stop }
}

test('a daemon that stops waits for the jobs that run', async () => {
  const { authd, daemon, stop } = await startStoppable()
  const ended: string[] = []
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  const { promise: sending, resolve: begin } = Promise.withResolvers<void>()
  authd.mailer.send = async () => {
    begin()
    await held
    ended.push('mail')
    return '250 sent'
  }
  await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })
  await sending

  stop()
  const stopped = daemon.stopped.then(() => ended.push('daemon'))
  await fetch(`${authd.address}/health`)
  letGo()
  await stopped

  expect(ended).toEqual(['mail', 'daemon'])
})

test('a daemon that stops writes its last counts and seals the audit log', async () => {
  const { authd, daemon, stop } = await startStoppable({ limits: { key_requests_per_minute: 10 } })

  // More than the limit, so that writing the counts also records an event.
  tally(authd.deps, { policy: 'client', subject: 'key_1' }, 11)
  stop()
  await daemon.stopped

  const bucket = { policy: 'client', subject: 'key_1' }
  const sealed = await authd.deps.db.read((sql) => listAuditLogsAfter(sql, {}, { after: 0, limit: 10 }))
  expect(await authd.deps.db.read((sql) => findBucket(sql, bucket))).toMatchObject({ used: 11 })
  expect(sealed.map(({ eventType }) => eventType)).toContain('rate_limit.exceeded')
})
