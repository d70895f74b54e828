import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'
import { until } from '../support/until.ts'

/** Puts the daemon's clock back by an hour once a file exists. Setting the real one would need root. */
const STEP = `import { existsSync } from 'node:fs'
const now = Date.now
Date.now = () => now() - (existsSync('stepped') ? 3_600_000 : 0)`

test('a running daemon says once by how much its clock was stepped, counts it, and still serves', async () => {
  const place = await shell()
  await writeFile(join(place.folder, 'step.mjs'), STEP)
  const daemon = await place.serve(['--dev'], { NODE_OPTIONS: `--import=${join(place.folder, 'step.mjs')}` })
  const count = async () => /^clock_steps_total (\d+)$/m.exec(await (await fetch(`${daemon.url}/metrics`)).text())?.[1]
  const before = await count()

  await writeFile(join(place.folder, 'stepped'), '')
  await daemon.until(/the clock was stepped/)
  await until(async () => expect(await count()).toBe('1'))
  const asked = await fetch(`${daemon.url}/v1/signin`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com' }),
  })
  await daemon.until(/ada@example\.com/)

  const told = daemon
    .printed()
    .split('\n')
    .filter((line) => line.includes('the clock was stepped'))
  expect(before).toBe('0')
  expect(asked.status).toBe(201)
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/back.*3600|3600.*back/)
})
