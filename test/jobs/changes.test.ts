import { expect, onTestFinished, test } from 'vitest'
import { setSetting } from '../../src/flows/operator/setting.ts'
import { JOBS } from '../../src/jobs/list.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { HOUR } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { OPERATOR } from '../support/told.ts'
import { until } from '../support/until.ts'

/** Two processes on one PostgreSQL. The first reads the epochs once an hour, unless it hears of a change. */
async function twoProcesses() {
  const authd = await startAuthd({ database: 'postgres' })
  const other = await authd.another()
  const epochs = JOBS.filter(({ name }) => name === 'epochs').map((job) => ({ ...job, everyMs: HOUR }))
  const jobs = startJobs(authd.deps, epochs)
  onTestFinished(async () => void (await jobs.stop(0)))
  return { authd, other }
}

const close = (authd: Authd, value: string) =>
  setSetting(authd.deps, OPERATOR, { key: 'signup.policy', value, acceptsLockout: false })
const isInForce = (authd: Authd, value: string) =>
  until(() => expect(authd.deps.config.current().signup.policy).toBe(value))

test('a setting that another process changes is in force here when it is committed, without a look at the epochs', async () => {
  const { authd, other } = await twoProcesses()

  await close(other, 'closed')
  await isInForce(authd, 'closed')
  await close(other, 'invite')

  await isInForce(authd, 'invite')
})

test('what changed while the connection for hearing was lost is in force once there is another', async () => {
  const { authd, other } = await twoProcesses()
  await close(other, 'closed')
  await isInForce(authd, 'closed')

  await other.deps.db.write(async (trx) => {
    await trx.all(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    )
  })
  await close(other, 'invite')

  await isInForce(authd, 'invite')
})
