import { expect, test } from 'vitest'
import { startDaemon } from '../../src/daemon.ts'
import { tally } from '../../src/flows/limits/rate-limit.ts'
import { listAuditLogsAfter } from '../../src/store/audit-logs.ts'
import { findBucket } from '../../src/store/rate-limits.ts'
import { freePort } from '../support/cli.ts'
import { startAuthd } from '../support/harness.ts'

const SERVICE = { notify: () => {}, watchdogMs: undefined, listenFds: [] }

test('a daemon that stops writes its last counts and seals the audit log', async () => {
  const authd = await startAuthd({
    config: { server: { host: '127.0.0.1', port: await freePort() }, limits: { key_requests_per_minute: 10 } },
  })
  const controller = new AbortController()
  const options = { version: '0', service: SERVICE, isDevelopment: false, stop: controller.signal }
  const daemon = await startDaemon(authd.deps, options)

  // More than the limit, so that writing the counts also records an event.
  tally(authd.deps, { policy: 'client', subject: 'key_1' }, 11)
  controller.abort()
  await daemon.stopped

  const bucket = { policy: 'client', subject: 'key_1' }
  const sealed = await authd.deps.db.read((sql) => listAuditLogsAfter(sql, {}, { after: 0, limit: 10 }))
  expect(await authd.deps.db.read((sql) => findBucket(sql, bucket))).toMatchObject({ used: 11 })
  expect(sealed.map(({ eventType }) => eventType)).toContain('rate_limit.exceeded')
})
