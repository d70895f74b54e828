import { readdirSync, readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, shell } from '../support/cli.ts'
import { startCodeSink } from '../support/code-sink.ts'
import { judge, startLoad, statusesOf } from './support/load.ts'

const MINUTES = Number(process.env['MINUTES'] ?? 1)
const PER_SECOND = Number(process.env['PER_SECOND'] ?? 5)
const SAMPLES = 12
const MIB = 1024 ** 2

/** In MiB, but for the number of descriptors. */
interface Sample {
  memory: number
  descriptors: number
  wal: number
  database: number
  signIns: number
}

const COLUMNS: (keyof Sample)[] = ['memory', 'descriptors', 'wal', 'database', 'signIns']

test(`mixed load for ${MINUTES} minutes: memory, descriptors and the log of SQLite level off`, async () => {
  const place = await shell({ data: false })
  const sink = await startCodeSink()
  onTestFinished(() => sink.close())
  const config = join(place.folder, 'authd.toml')
  const port = await freePort()
  const lines = [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "data"',
    `[server]\nport = ${port}`,
    `[smtp]\nhost = "127.0.0.1"\nport = ${sink.port}\ntls = "none"`,
    '[mail]\nfrom = "no-reply@example.com"',
    '[limits]\ntotal_mails_per_hour = 10000000',
  ]
  await writeFile(config, lines.join('\n'), { mode: 0o600 })
  const { pid, url } = await place.serve(['--config', config])
  const load = startLoad([url], sink, PER_SECOND)
  const others = setInterval(() => {
    for (const path of ['/signin', '/metrics', '/readiness', '/.well-known/jwks.json', '/unknown'])
      fetch(url + path).then(
        (answer) => answer.arrayBuffer(),
        () => undefined,
      )
  }, 1000)
  onTestFinished(() => clearInterval(others))

  const samples: Sample[] = []
  for (let taken = 0; taken < SAMPLES; taken += 1) {
    await wait((MINUTES * 60_000) / SAMPLES)
    samples.push(sampleOf(pid, join(place.folder, 'data/authd.db'), load.acknowledged.length))
  }
  clearInterval(others)
  await load.stop()
  const { lost, doubled } = await judge(load, [url])

  console.log(
    [
      COLUMNS.map((name) => name.padStart(12)).join(''),
      ...samples.map((sample) => COLUMNS.map((name) => sample[name].toFixed(0).padStart(12)).join('')),
      `answers: ${[...statusesOf(load.calls)].map(([status, count]) => `${count} × ${status}`).join(', ')}`,
      `acknowledged ${load.acknowledged.length}, lost ${lost.length}, doubled ${doubled.length}`,
    ].join('\n'),
  )
  expect({ lost, doubled }).toEqual({ lost: [], doubled: [] })
  const [early, late] = [samples.slice(SAMPLES / 4, SAMPLES / 2), samples.slice(-SAMPLES / 4)]
  const most = (of: Sample[], name: keyof Sample) => Math.max(...of.map((sample) => sample[name]))
  expect(most(late, 'descriptors')).toBeLessThanOrEqual(most(early, 'descriptors') + 10)
  expect(most(late, 'wal')).toBeLessThanOrEqual(most(early, 'wal') + 16)
  // In a shorter time the garbage collector has not found its level.
  if (MINUTES >= 10) expect(most(late, 'memory')).toBeLessThanOrEqual(most(early, 'memory') * 1.2)
})

function sampleOf(pid: number, database: string, signIns: number): Sample {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return {
    memory: Number(kib) / 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    wal: statSync(`${database}-wal`).size / MIB,
    database: statSync(database).size / MIB,
    signIns,
  }
}
