import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../../src/deps.ts'
import { deleteOldRows } from '../../src/flows/upkeep/housekeeping.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { Db } from '../../src/store/db.ts'
import { openConnection } from './client.ts'
import type { Target } from './target.ts'
import { signIn, withConnection } from './units.ts'

interface Act {
  name: string
  /** Returns what else to say. */
  act(): Promise<string | undefined>
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Milliseconds between two requests of somebody else. */
const EVERY_MS = 5

/**
 * Does what operators, scrapers and jobs do, on a small database and on a large one in turns. Meanwhile somebody checks a
 * session all the time. Prints how long each act took, and how long the others waited for an answer. The act that only
 * shows the configuration says what starting a program costs here.
 */
export async function showWaits(few: Target, many: Target): Promise<void> {
  const columns = ['few ms', 'many ms', 'others: few, p99', 'longest', 'many, p99', 'longest']
  console.log(`\n${'act'.padEnd(40)}${columns.map((text) => text.padStart(17)).join('')}`)
  const [small, large] = [await actsOf(few), await actsOf(many)]
  for (const [index, { name, act }] of large.entries()) {
    const before = await watched(few, small[index]?.act ?? act)
    const after = await watched(many, act)
    const cells = [before.own, after.own, before.p99, before.longest, after.p99, after.longest]
    console.log(name.padEnd(40) + cells.map((ms) => ms.toFixed(1).padStart(17)).join(''))
    if (after.note !== undefined) console.log(`  ${after.note}`)
  }
}

async function actsOf(target: Target): Promise<Act[]> {
  const created = await target.command('api-keys', 'create', '--name', 'bench', '--role', 'admin', '--json')
  const { secret: key } = JSON.parse(created)
  const get = (path: string): Act => ({
    name: `GET ${path}`,
    async act() {
      const { status } = await withConnection(target, (connection) => connection.call('GET', path, { bearer: key }))
      if (status !== 200) throw new Error(`${path}: ${status}`)
      return undefined
    },
  })
  const run = (...args: string[]): Act => ({
    name: `authd ${args.join(' ')}`,
    async act() {
      await target.command(...args)
      return undefined
    },
  })
  return [
    // Also the time in which the daemon first counts what is many.
    { name: 'a minute of jobs alone', act: async () => void (await wait(65_000)) },
    ...['/metrics', '/admin/users', '/admin/users?q=scale-99', '/admin/audit', '/admin/stats'].map(get),
    run('config', 'show'),
    run('status'),
    run('stats', '--since', '30d'),
    run('users', 'show', 'scale-77@example.com'),
    run('explain', 'scale-77@example.com'),
    run('users', 'list', '--limit', '50'),
    run('sessions', 'list', '--limit', '50'),
    run('audit', 'list', '--limit', '50'),
    { name: 'housekeeping', act: () => keepHouse(target) },
    { name: 'authd lockdown on', act: () => lockDown(target) },
    run('lockdown', 'off', '--yes'),
  ]
}

/** Deletes what is old, and says how long its units of work took. */
async function keepHouse({ openDatabase }: Target): Promise<string> {
  const db = await openDatabase()
  const times: number[] = []
  const timed: Db = {
    ...db,
    async write(unit) {
      const startedAt = performance.now()
      const result = await db.write(unit)
      times.push(performance.now() - startedAt)
      return result
    },
  }
  await deleteOldRows({ db: timed, clock: systemClock, log: SILENT })
  await db.close()
  times.sort((left, right) => left - right)
  const at = (share: number) => (times[Math.ceil(times.length * share) - 1] ?? 0).toFixed(1)
  return `${times.length} units of work: half within ${at(0.5)} ms, 99 % within ${at(0.99)} ms, the longest ${at(1)} ms`
}

/** Signs everybody out, and says when a session was first refused. */
async function lockDown(target: Target): Promise<string> {
  const { access_token: bearer } = await withConnection(target, (connection) => signIn(target, connection))
  const connection = await openConnection(target.port)
  const startedAt = performance.now()
  const done = target.command('lockdown', 'on', '--confirm=lockdown')
  while ((await connection.call('GET', '/v1/session', { bearer })).status === 200) await wait(EVERY_MS)
  const inForce = performance.now() - startedAt
  connection.close()
  await done
  return `in force after ${inForce.toFixed(0)} ms`
}

/** How long an act took, and how long a session check took meanwhile. Milliseconds. */
async function watched({ port }: Target, act: Act['act']) {
  const waits: number[] = []
  let isOver = false
  const watch = async () => {
    const connection = await openConnection(port)
    while (!isOver) {
      const startedAt = performance.now()
      await connection.call('GET', '/v1/session', { bearer: 'none' })
      waits.push(performance.now() - startedAt)
      await wait(EVERY_MS)
    }
    connection.close()
  }
  const watching = watch()
  const startedAt = performance.now()
  const note = await act().finally(() => {
    isOver = true
  })
  const own = performance.now() - startedAt
  await watching
  waits.sort((left, right) => left - right)
  return { own, note, p99: waits[Math.floor(waits.length * 0.99)] ?? 0, longest: waits.at(-1) ?? 0 }
}
