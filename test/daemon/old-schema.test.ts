import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase } from '../../src/store/open.ts'
import { type Daemon, freePort, type Shell, shell } from '../support/cli.ts'
import { deviceFor, enrolPasskey, enrolTotp, signInWithPasskey } from '../support/factors.ts'
import { Browser } from '../support/http-client.ts'
import { copyIntoOldSchema } from '../support/old-schema.ts'
import { freshPostgres } from '../support/postgres.ts'

/** The schema that had all tables before the first migration changed one. */
const OLD = '0012_mail_suppressions'
const TIMED = { clock: systemClock }

/** A sign-in by the code of a mail that the daemon prints. */
async function signIn(daemon: Daemon, browser: Browser, email: string, deliver: 'cookie' | 'tokens') {
  const begun = await browser.post('/v1/signin', { json: { email, deliver } })
  const [, code = ''] = await daemon.until(new RegExp(`${email}[\\s\\S]*?Code\\s+(\\d{6})`))
  const token = deliver === 'tokens' ? { attempt_token: begun.body.attempt_token } : {}
  return await browser.post('/v1/signin/code', { json: { code, ...token } })
}

/** Puts the database of the stopped daemon into an older schema. Returns the variables that name it. */
async function age(place: Shell, dialect: 'sqlite' | 'postgres'): Promise<Record<string, string>> {
  const path = join(place.folder, 'authd-data', 'authd.db')
  const shared = { busyTimeoutMs: 1000, poolSize: 2, jitter: () => 0 }
  const { url, drop } = dialect === 'postgres' ? await freshPostgres() : { url: undefined, drop: undefined }
  if (drop) onTestFinished(drop)
  const source = await openDatabase({ ...shared, path })
  const target = await openDatabase({ ...shared, path: `${path}.old`, url })
  await copyIntoOldSchema(source, target, OLD)
  await source.close()
  await target.close()
  await Promise.all(['', '-wal', '-shm'].map((end) => rm(path + end, { force: true })))
  if (url === undefined) await rename(`${path}.old`, path)
  return url === undefined ? {} : { AUTHD_DATABASE_URL: url }
}

test.each(['sqlite', 'postgres'] as const)(
  'people, sessions, factors and keys of an old schema go on with the new daemon (%s)',
  async (dialect) => {
    const place = await shell()
    const port = await freePort()
    const listen = ['--dev', '--listen', `127.0.0.1:${port}`]
    const env = { AUTHD_PUBLIC_URL: `http://localhost:${port}` }
    const before = await place.serve(listen, env)
    const browser = () => new Browser(`http://localhost:${port}`, `http://127.0.0.1:${port}`)
    const [ada, bob, dora] = [browser(), browser(), browser()]
    await signIn(before, ada, 'ada@example.com', 'cookie')
    const { recoveryCodes } = await enrolTotp(TIMED, ada)
    const tokens = (await signIn(before, bob, 'bob@example.com', 'tokens')).body
    await signIn(before, dora, 'dora@example.com', 'cookie')
    const device = deviceFor({ url: `http://localhost:${port}` })
    await enrolPasskey(dora, device)
    const key = await place.run(['api-keys', 'create', '--name', 'shop', '--role', 'viewer', '--json'], { env })
    await place.run(['ipfilter', 'add', '203.0.113.0/24', '--reason', 'a test'], { env })
    await place.run(['settings', 'set', 'signup.policy', 'closed'], { env })
    before.kill('SIGTERM')
    await before.exit
    const now = { ...env, ...(await age(place, dialect)) }
    const migrated =
      dialect === 'postgres' ? await place.run(['migrate', 'up', '--no-backup'], { env: now }) : undefined
    const after = await place.serve(listen, now)

    const session = await ada.get('/v1/session')
    const bearer = await browser().get('/v1/session', { bearer: tokens.access_token })
    const refreshed = await bob.post('/v1/token/refresh', { json: { refresh_token: tokens.refresh_token } })
    const users = await browser().get('/admin/users', { bearer: JSON.parse(key.stdout).secret })
    const again = browser()
    const half = await signIn(after, again, 'ada@example.com', 'cookie')
    const whole = await again.post('/v1/signin/recovery-code', { json: { code: recoveryCodes[0] } })
    const passkey = await signInWithPasskey(browser(), device)
    const rules = await place.run(['ipfilter', 'list', '--fields', 'cidr'], { env: now })
    const policy = await place.run(['settings', 'get', 'signup.policy'], { env: now })
    const status = await place.run(['migrate', 'status', '--json'], { env: now })

    expect(migrated?.code ?? 0).toBe(0)
    expect([session.status, bearer.status, refreshed.status, users.status]).toEqual([200, 200, 200, 200])
    expect(session.body.user.email).toBe('ada@example.com')
    expect(users.body).toHaveLength(3)
    expect([half.body.status, whole.body.status, passkey.body.status]).toEqual([
      'factor_required',
      'complete',
      'complete',
    ])
    expect([rules.stdout, policy.stdout]).toEqual(['203.0.113.0/24\n', 'closed\n'])
    expect(status.stdout).not.toContain('pending')
  },
)
