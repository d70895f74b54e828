import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { HashesBusy } from '../../src/platform/slow-hash.ts'
import { wire } from '../../src/startup/wire.ts'
import { TEMPORARY } from '../support/temporary.ts'

test('SECURITY: a daemon computes few slow hashes at once, and refuses the others', async () => {
  const folder = await mkdtemp(join(TEMPORARY, 'authd-wire-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const config = parseConfig({
    public_url: 'http://localhost:3000',
    data_dir: folder,
    smtp: { host: '127.0.0.1' },
    mail: { from: 'Example <no-reply@example.com>' },
    log: { level: 'error' },
  })
  const { deps, close } = await wire(config, { mode: 'serve', output: process.stdout, logFormat: 'json' })
  onTestFinished(close)

  const hashes = await Promise.allSettled(Array.from({ length: 12 }, () => deps.slowHash('AAAABBBB0001', 'salt')))

  const refused = hashes.filter((hash) => hash.status === 'rejected')
  expect(refused).toHaveLength(2)
  expect(refused.every(({ reason }) => reason instanceof HashesBusy)).toBe(true)
})
