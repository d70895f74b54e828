import type { RequestListener } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createDoors } from '../../src/http/doors.ts'
import { freePort } from '../support/cli.ts'
import { startAuthd } from '../support/harness.ts'

const saying = (text: string) => ({ callback: (): RequestListener => (_, response) => response.end(text) })

async function place() {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const server = { host: '127.0.0.1', port }
  const metrics = { enabled: true, listen: `127.0.0.1:${metricsPort}` }
  const { deps } = await startAuthd({ config: { server, metrics } })
  const doors = createDoors(deps.config.current(), undefined)
  onTestFinished(() => doors.close(0))
  const ask = (at: number) => fetch(`http://127.0.0.1:${at}`).then((response) => response.text())
  return { doors, ask: async () => [await ask(port), await ask(metricsPort)] }
}

test('every listener turns clients away until the daemon serves, and never again', async () => {
  const { doors, ask } = await place()

  await doors.turnAway(saying('wait'))
  const early = await ask()
  await doors.serve({ main: saying('main'), admin: saying('admin'), metrics: saying('metrics') })
  await doors.turnAway(saying('wait'))

  expect(early).toEqual(['wait', 'wait'])
  expect(await ask()).toEqual(['main', 'metrics'])
})

test('listeners close once, also if they never opened', async () => {
  const { doors } = await place()
  const { doors: unopened } = await place()

  await doors.turnAway(saying('wait'))
  await doors.close(0)
  await doors.close(0)

  await expect(unopened.close(0)).resolves.toBeUndefined()
})
