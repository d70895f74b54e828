import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type Daemon, freePort, type Shell, shell } from '../support/cli.ts'
import { type CodeSink, startCodeSink } from '../support/code-sink.ts'
import { judge, post, startLoad, statusesOf } from './support/load.ts'
import { startPatroni } from './support/patroni.ts'

const PER_SECOND = Number(process.env['PER_SECOND'] ?? 100)

async function instance(place: Shell, sink: CodeSink, database: string): Promise<Daemon> {
  const port = await freePort()
  const config = join(place.folder, `${port}.toml`)
  const lines = [
    // One address for all instances, as behind a balancer.
    'public_url = "http://localhost:8080"',
    'data_dir = "data"',
    `[server]\nport = ${port}`,
    `[database]\nurl = "${database}"\nauto_migrate = true`,
    `[smtp]\nhost = "127.0.0.1"\nport = ${sink.port}\ntls = "none"`,
    '[mail]\nfrom = "no-reply@example.com"',
    '[limits]\ntotal_mails_per_hour = 10000000',
  ]
  await writeFile(config, lines.join('\n'))
  return await place.serve(['--config', config])
}

const SERVES_MS = 60_000

/** Milliseconds from now until this instance stores something. */
async function untilItServes({ url }: Daemon, name: string): Promise<number> {
  const startedAt = performance.now()
  for (let tries = 0; performance.now() - startedAt < SERVES_MS; tries += 1) {
    const { status } = await post(url, '/v1/signin', { email: `${name}-${tries}@example.com` })
    if (status === 201) return performance.now() - startedAt
    await wait(50)
  }
  throw new Error(`${name} did not serve within ${SERVES_MS} ms`)
}

test.each(['kill', 'freeze'] as const)(
  'nothing acknowledged is lost when the primary fails (%s) under load',
  async (fault) => {
    const place = await shell({ data: false })
    const sink = await startCodeSink()
    onTestFinished(() => sink.close())
    const cluster = await startPatroni()
    const daemons = [await instance(place, sink, cluster.url), await instance(place, sink, cluster.url)]
    const urls = daemons.map(({ url }) => url)
    const load = startLoad(urls, sink, PER_SECOND)
    await wait(10_000)
    const before = load.acknowledged.length

    const failed = await cluster.primary()
    failed[fault]()
    const failedAt = performance.now()
    await wait(1000) // Patroni answers for a moment after its PostgreSQL was killed.
    await cluster.primary()
    const election = performance.now() - failedAt
    const outages = await Promise.all(daemons.map((daemon, index) => untilItServes(daemon, `probe-${index}`)))
    await wait(5000)
    if (fault === 'freeze') failed.thaw()
    await load.stop()
    const { lost, doubled } = await judge(load, urls)
    const statuses = statusesOf(load.calls)
    console.log(
      [
        `primary: ${fault}, ${PER_SECOND} sign-ins a second through two instances`,
        `new primary after ${Math.round(election)} ms; then each instance served after ${outages.map(Math.round).join(' and ')} ms`,
        `acknowledged ${load.acknowledged.length} (${before} before), lost ${lost.length}, doubled ${doubled.length}`,
        `answers: ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}`,
      ].join('\n'),
    )

    expect(load.acknowledged.length).toBeGreaterThan(before)
    expect(lost).toEqual([])
    expect(doubled).toEqual([])
    expect(outages.filter((ms) => ms > 5000)).toEqual([])
    expect(statuses.get('-')).toBeUndefined()
    expect(statuses.get('500')).toBeUndefined()
  },
)
