import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { type Daemon, freePort, shell } from '../../support/cli.ts'
import { startCodeSink } from '../../support/code-sink.ts'
import type { Fault, Running } from '../faults/fault.ts'
import { askDoors, type Said } from './doors.ts'
import { type Call, judge, type Load, post, startLoad, statusesOf } from './load.ts'

const SECOND = 1000
const PER_SECOND = Number(process.env['PER_SECOND'] ?? 5)
/** Sign-ins before the fault, and after it. */
const BEFORE = 20
const AFTER = 10
const FAULT_MS = Number(process.env['FAULT_SECONDS'] ?? 8) * SECOND
/** The first unit that hangs has failed by then. */
const ASKED_MS = FAULT_MS * 0.8
/** However busy the machine is. */
const LONGEST_MS = 90 * SECOND
const SHUTDOWN_TIMEOUT_MS = 3 * SECOND

/** What happened, in milliseconds. */
export interface Endured {
  fault: Fault
  /** Before, during and after the fault. */
  acknowledged: [number, number, number]
  lost: string[]
  doubled: string[]
  /** Requests while the fault lasted. */
  meanwhile: Call[]
  said: Said[]
  /** Each message of the log meanwhile, with how often it came. */
  logged: Map<string, number>
  /** From the end of the fault to the first sign-in that began. */
  healedMs: number
  /** From SIGTERM under the fault to the end of the process. */
  exitMs: number
  exitCode: number | null
  broken: string[]
}

export const MAY_STOP_MS = SHUTDOWN_TIMEOUT_MS + SECOND

/** The programs of a fault that are missing, as the command that installs them. */
export function missing({ needs = {} }: Fault): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  const packages = Object.entries(needs)
    .filter(([program]) => !folders.some((folder) => existsSync(join(folder, program))))
    .map(([, name]) => name)
  return packages.length === 0 ? undefined : `apt-get install ${packages.join(' ')}`
}

/**
 * Runs a daemon under load, lets the fault begin and end, sends SIGTERM when it lasts again, and judges what was
 * acknowledged after the next start.
 */
export async function endure(fault: Fault): Promise<Endured> {
  const place = await shell({ data: false })
  const sink = await startCodeSink()
  onTestFinished(() => sink.close())
  const {
    toml = [],
    env = {},
    hurt,
    heal,
    ready,
    smtpPort,
    program,
    judge: judgeMore,
  } = await fault.prepare({ shell: place, sink })
  const config = join(place.folder, 'authd.toml')
  await writeFile(config, settings(await freePort(), smtpPort ?? sink.port, toml).join('\n'), { mode: 0o600 })
  let daemon: Daemon
  const start = async () => {
    daemon = await place.serve(['--config', config], env, program?.())
  }
  const command = async (...args: string[]) => {
    const { stdout, stderr } = await place.spawn([...args, '--config', config], { env })
    return stdout + stderr
  }
  const urls: string[] = []
  const running: Running = { daemon: () => daemon, start, command, urls, config }
  await start()
  await ready?.(running)
  const { url } = running.daemon()
  urls.push(url)

  const load = startLoad(urls, sink, PER_SECOND)
  await acknowledging(BEFORE)
  const from = performance.now()
  const printed = running.daemon().printed().length
  await hurt(running)
  const [said] = await Promise.all([wait(ASKED_MS).then(() => asked()), wait(FAULT_MS)])
  const until = performance.now()
  const logged = messagesIn(running.daemon().printed().slice(printed))
  await heal(running)
  const healedMs = await untilItServes(url)
  await acknowledging(load.acknowledged.length + AFTER)

  await hurt(running)
  await wait(FAULT_MS / 4)
  const stoppedAt = performance.now()
  process.kill(running.daemon().pid, 'SIGTERM')
  const exitCode = await running.daemon().exit
  const exitMs = performance.now() - stoppedAt
  await load.stop()
  await heal(running)
  await start()
  await untilItServes(url)
  const { lost, doubled } = await judge(load, urls)
  const broken = (await judgeMore?.(running, load.acknowledged.length)) ?? []
  return {
    ...{ fault, said, logged, healedMs, exitMs, exitCode, lost, doubled, broken },
    acknowledged: split(load, from, until),
    meanwhile: load.calls.filter(({ at, ms }) => at - ms >= from && at <= until),
  }

  async function acknowledging(count: number): Promise<void> {
    const startedAt = performance.now()
    while (load.acknowledged.length < count) {
      if (performance.now() - startedAt > LONGEST_MS) throw new Error(`only ${load.acknowledged.length} sign-ins ended`)
      await wait(50)
    }
  }

  async function asked(): Promise<Said[]> {
    return fault.told ? await askDoors(fault.told, running) : []
  }
}

function settings(port: number, smtp: number, toml: string[]): string[] {
  return [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "data"',
    `[server]\nport = ${port}\nshutdown_timeout = "${SHUTDOWN_TIMEOUT_MS / SECOND}s"`,
    `[smtp]\nhost = "127.0.0.1"\nport = ${smtp}\ntls = "none"\ntimeout = "2s"`,
    '[mail]\nfrom = "no-reply@example.com"',
    '[limits]\ntotal_mails_per_hour = 10000000',
    ...toml,
  ]
}

async function untilItServes(url: string): Promise<number> {
  const startedAt = performance.now()
  for (let tries = 0; performance.now() - startedAt < 60 * SECOND; tries += 1) {
    const { status } = await post(url, '/v1/signin', { email: `probe-${tries}@example.com` })
    if (status === 201) return performance.now() - startedAt
    await wait(50)
  }
  throw new Error('no sign-in began within a minute of the repair')
}

/** The messages of warnings and errors. */
function messagesIn(printed: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [, level, message] of printed.matchAll(/"level":"(warn|error)","message":"([^"]*)"/g)) {
    const line = `${level} ${message}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return counts
}

function split({ acknowledged }: Load, from: number, until: number): [number, number, number] {
  const before = acknowledged.filter(({ at }) => at < from).length
  const after = acknowledged.filter(({ at }) => at > until).length
  return [before, acknowledged.length - before - after, after]
}

/** For each kind of request: how often each status came, the time without a success, and the longest wait. */
export function whoGotWhat({ fault, meanwhile }: Endured): string[] {
  const paths = [...new Set(meanwhile.map(({ path }) => path))]
  return paths.map((path) => {
    const calls = meanwhile.filter((call) => call.path === path)
    const failed = calls.filter(({ status }) => !status.startsWith('2'))
    const span = Math.max(0, ...failed.map(({ at }) => at)) - Math.min(...failed.map(({ at, ms }) => at - ms))
    const counts = [...statusesOf(calls)].map(([status, count]) => `${count} × ${status}`).join(', ')
    const failing = failed.length === 0 ? '' : `, failing over ${toSeconds(span)}`
    const longest = Math.max(...calls.map(({ ms }) => ms))
    const unexpected = calls.some(({ status }) => !fault.may.includes(status)) ? ', UNEXPECTED' : ''
    return `${path}: ${counts}${failing}, longest ${toSeconds(longest)}${unexpected}`
  })
}

export function toSeconds(ms: number): string {
  return `${(ms / SECOND).toFixed(1)} s`
}
