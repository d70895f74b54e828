import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Job } from '../../src/jobs/list.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { startAuthd } from '../support/harness.ts'

/** Work of so many pieces that each end when they are told to. */
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

async function running(job: Partial<Job> & Pick<Job, 'run'>) {
  const authd = await startAuthd()
  const jobs = startJobs(authd.deps, [{ name: 'test', everyMs: 60_000, isWokenByCommits: true, ...job }])
  onTestFinished(() => jobs.stop())
  return { authd, jobs }
}

const commit = (authd: Awaited<ReturnType<typeof startAuthd>>) => authd.deps.db.write(async () => undefined)

test('where there is much to do, workers join until all of them are busy; where there is nothing, one looks', async () => {
  const { work, run } = piecework(40)
  const { authd } = await running({ run, workers: () => 4 })

  await vi.waitFor(() => {
    work.end()
    expect(work.left + work.atOnce).toBe(0)
  })
  const looks = work.looks
  await commit(authd)
  await vi.waitFor(() => expect(work.looks).toBe(looks + 1))

  expect(work.most).toBe(4)
})

test('a turn that hangs holds up no other, and the end waits for it', async () => {
  let turns = 0
  let letGo = () => {}
  const run = async () => {
    turns += 1
    if (turns === 1) await new Promise<void>((resolve) => (letGo = resolve))
    return false
  }
  const { authd, jobs } = await running({ run, workers: () => 2 })
  await vi.waitFor(() => expect(turns).toBe(1))

  await commit(authd)
  await vi.waitFor(() => expect(turns).toBe(2))
  const stopped = jobs.stop().then(() => 'stopped')
  const early = await Promise.race([stopped, wait(20, 'waits')])
  letGo()

  expect([early, await stopped]).toEqual(['waits', 'stopped'])
})

test('a job that fails is told in the log and looks again at its time, not with every commit', async () => {
  let turns = 0
  const run = async () => {
    turns += 1
    throw new Error('no')
  }
  const { authd, jobs } = await running({ run })
  await vi.waitFor(() => expect(turns).toBe(1))

  await commit(authd)
  await wait(150)

  expect(turns).toBe(1)
  expect(jobs.states()).toEqual({ test: 'failed' })
  expect(authd.log.lines).toMatchObject([{ level: 'error', message: 'job failed', fields: { job: 'test' } }])
})

test('a commit while the only turn runs is not forgotten', async () => {
  let turns = 0
  let letGo = () => {}
  const run = async () => {
    turns += 1
    if (turns === 1) await new Promise<void>((resolve) => (letGo = resolve))
    return false
  }
  const { authd } = await running({ run })
  await vi.waitFor(() => expect(turns).toBe(1))

  await commit(authd)
  letGo()

  await vi.waitFor(() => expect(turns).toBe(2))
})
