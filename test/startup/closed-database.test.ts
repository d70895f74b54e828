import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../src/config/load.ts'
import { SECRET_ROTATION } from '../../src/flows/server-secret.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { wire } from '../../src/startup/wire.ts'
import { setSystemConfig } from '../../src/store/system-config.ts'
import { freshPostgres } from '../support/postgres.ts'
import { TEMPORARY } from '../support/temporary.ts'

test('a command that has PostgreSQL open writes nothing more once a rotation of the secret has begun, and a daemon does not ask', async () => {
  const folder = await mkdtemp(join(TEMPORARY, 'authd-wire-'))
  const { url, drop } = await freshPostgres()
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  onTestFinished(drop)
  const config = parseConfig({
    public_url: 'http://localhost:3000',
    data_dir: folder,
    database: { url, auto_migrate: true },
    smtp: { host: '127.0.0.1' },
    mail: { from: 'Example <no-reply@example.com>' },
    log: { level: 'error' },
  })
  const daemon = await wire(config, { mode: 'serve', output: process.stdout, logFormat: 'json' })
  onTestFinished(daemon.close)
  const command = await wire(config, { mode: 'cli', output: process.stdout, logFormat: 'json' })
  onTestFinished(command.close)
  const entry = { key: SECRET_ROTATION, value: 'another', now: systemClock.now(), by: 'system' }
  const write = ({ deps }: typeof command) => deps.db.write((trx) => trx.run("UPDATE users SET name = 'late'"))
  await write(command)

  await daemon.deps.db.write((trx) => setSystemConfig(trx, entry))

  await expect(write(command)).rejects.toMatchObject({ code: 'SECRET_MISMATCH' })
  expect(await write(daemon)).toBe(0)
})
