import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Fault, Place, Prepared, Running } from './fault.ts'

const ROUNDS = 3
const HOUR_MS = 3_600_000

async function killedInRounds({ daemon, start }: Running): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    daemon().kill('SIGKILL')
    await daemon().exit
    await start()
    await wait(1000)
  }
}

/** What waits in the daemon before it loses lines, and in the pipe. */
const ENOUGH_REQUESTS = 20_000

async function fillLog({ daemon }: Running): Promise<void> {
  const { url, stopReading } = daemon()
  stopReading()
  for (let asked = 0; asked < ENOUGH_REQUESTS; asked += 50) {
    const unknown = Array.from({ length: 50 }, (_, n) => fetch(`${url}/${'x'.repeat(1000)}${n}`))
    await Promise.all(unknown.map((answer) => answer.then((response) => response.arrayBuffer())))
    const metrics = await (await fetch(`${url}/metrics`)).text()
    if (/^log_lines_lost_total [1-9]/m.test(metrics)) return
  }
  throw new Error('the log lost nothing, so its pipe was not full')
}

/** Replaces the daemon's clock. Setting the real one would need root. */
const STEP = `import { readFileSync } from 'node:fs'
const now = Date.now
Date.now = () => {
  try { return now() + Number(readFileSync(process.env.TORTURE_CLOCK, 'utf8')) } catch { return now() }
}`

async function stepped({ shell }: Place, byMs: number): Promise<Prepared> {
  const [module, state] = [join(shell.folder, 'step.mjs'), join(shell.folder, 'step')]
  await writeFile(module, STEP)
  return {
    env: { NODE_OPTIONS: `--import=${module}`, TORTURE_CLOCK: state },
    hurt: () => writeFile(state, String(byMs)),
    heal: () => writeFile(state, '0'),
  }
}

export const PROCESS: Fault[] = [
  {
    name: 'killed',
    promise: 'Everything acknowledged is there after each restart, and a used code stays used.',
    may: ['200', '201', '401', '503', '-'],
    prepare: async () => ({ hurt: killedInRounds, heal: () => {} }),
  },
  {
    name: 'log-unread',
    promise: 'Requests are answered as always, and lost lines are counted.',
    may: ['200', '201'],
    told: { what: 'log', reason: /./, notIn: 'log' },
    prepare: async () => ({
      toml: ['[log]\nlevel = "debug"'],
      hurt: fillLog,
      heal: ({ daemon }) => daemon().readAgain(),
    }),
  },
  {
    name: 'clock-forward',
    promise: 'Sign-ins from before expire, everything acknowledged is there afterwards.',
    may: ['200', '201', '401', '410'],
    prepare: (place) => stepped(place, HOUR_MS),
  },
  {
    name: 'clock-back',
    promise: 'Nothing lasts longer than it should, and everything acknowledged is there afterwards.',
    may: ['200', '201', '401', '410'],
    prepare: (place) => stepped(place, -HOUR_MS),
  },
]
