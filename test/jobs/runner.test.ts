import { expect, onTestFinished, test } from 'vitest'
import type { Job } from '../../src/jobs/list.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { startAuthd } from '../support/harness.ts'
import { until } from '../support/until.ts'

/** A given number of work items, each of which ends when `end` is called. */
function piecework(pieces: number) {
  const work = { left: pieces, atOnce: 0, most: 0, looks: 0, end: () => {} }
  const run = async () => {
    work.looks += 1
    if (work.left === 0) return false
    work.left -= 1
    work.atOnce += 1
    work.most = Math.max(work.most, work.atOnce)
    await new Promise<void>((resolve) => {
      const before = work.end
      work.end = () => {
        before()
        resolve()
      }
    })
    work.atOnce -= 1
    return true
  }
  return { work, run }
}

async function running(...given: (Partial<Job> & Pick<Job, 'run'>)[]) {
  const authd = await startAuthd()
  const defaults = { name: 'test', everyMs: 60_000, isWokenByCommits: true }
  const jobs = startJobs(
    authd.deps,
    given.map((job) => ({ ...defaults, ...job })),
  )
  onTestFinished(async () => void (await jobs.stop(0)))
  return { authd, jobs }
}

const commit = (authd: Awaited<ReturnType<typeof startAuthd>>) => authd.deps.db.write(async () => undefined)

test('workers join until all are busy while there is work; without work only one looks', async () => {
  const { work, run } = piecework(40)
  const { authd } = await running({ run, workers: () => 4 })

  await until(() => {
    work.end()
    expect(work.left + work.atOnce).toBe(0)
  })
  const looks = work.looks
  await commit(authd)
  await until(() => expect(work.looks).toBe(looks + 1))

  expect(work.most).toBe(4)
})

test('a turn that hangs does not delay others, and stopping waits for it', async () => {
  let turns = 0
  let letGo = () => {}
  const run = async () => {
    turns += 1
    if (turns === 1) await new Promise<void>((resolve) => (letGo = resolve))
    return false
  }
  const { authd, jobs } = await running({ run, workers: () => 2 })
  await until(() => expect(turns).toBe(1))

  await commit(authd)
  await until(() => expect(turns).toBe(2))
  let isStopped = false
  const stopping = jobs.stop(60_000).then(() => {
    isStopped = true
  })
  await commit(authd)
  const wasStoppedEarly = isStopped
  letGo()
  await stopping

  expect([wasStoppedEarly, isStopped]).toEqual([false, true])
})

test('a failed job is logged and runs again at its interval, not at every commit', async () => {
  let turns = 0
  const run = async () => {
    turns += 1
    throw new Error('no')
  }
  let turnsOfAnother = 0
  const runAnother = async () => {
    turnsOfAnother += 1
    return false
  }
  const { authd, jobs } = await running({ run }, { name: 'another', run: runAnother })
  await until(() => expect([turns, turnsOfAnother]).toEqual([1, 1]))

  await commit(authd)
  await until(() => expect(turnsOfAnother).toBe(2))

  expect(turns).toBe(1)
  expect(jobs.states()).toEqual({ test: 'failed', another: 'done' })
  expect(authd.log.lines).toMatchObject([{ level: 'error', message: 'job failed', fields: { job: 'test' } }])
})

test('a commit during the only turn causes another turn', async () => {
  let turns = 0
  let letGo = () => {}
  const run = async () => {
    turns += 1
    if (turns === 1) await new Promise<void>((resolve) => (letGo = resolve))
    return false
  }
  const { authd } = await running({ run })
  await until(() => expect(turns).toBe(1))

  await commit(authd)
  letGo()

  await until(() => expect(turns).toBe(2))
})
