import { expect, test } from 'vitest'
import { COMMANDS } from '../../../src/cli/commands/index.ts'
import { ALERTS } from '../../../src/platform/monitoring/alerts.ts'
import { dashboard, ROWS } from '../../../src/platform/monitoring/dashboard.ts'
import { createMetrics } from '../../../src/platform/monitoring/metrics.ts'

/** The names of all series that Prometheus can scrape. */
async function seriesNames(): Promise<Set<string>> {
  const { text } = await createMetrics().render()
  const typed = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  return new Set(
    typed.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  )
}

const namesIn = (expr: string) => [...expr.matchAll(/([a-z0-9_]+)\{/g)].map(([, name]) => name ?? '')

test('alerts and dashboard query only existing series', async () => {
  const known = await seriesNames()
  const panels = ROWS.flatMap(({ panels }) => panels)
  const asked = [...ALERTS.map(({ expr }) => expr), ...panels.flatMap(({ series }) => series.map(({ expr }) => expr))]
  for (const expr of asked) expect(namesIn(expr).length).toBeGreaterThan(0)
  const missing = asked.flatMap(namesIn).filter((name) => name !== 'up' && !known.has(name))

  expect(missing).toEqual([])
  expect(panels.length).toBeLessThanOrEqual(16)
})

test('every runbook begins with an existing command', () => {
  const commands = ALERTS.map(({ runbook }) => runbook.split(';')[0] ?? '').filter((text) => text.startsWith('authd '))
  const unknown = commands.filter((text) => {
    const [, ...words] = text.split(' ')
    return !(words.slice(0, 2).join(' ') in COMMANDS) && !((words[0] ?? '') in COMMANDS)
  })
  expect(unknown).toEqual([])
})

test('the panels of the dashboard do not overlap and have unique ids', () => {
  interface Placed {
    id: number
    gridPos: { x: number; y: number; w: number; h: number }
  }
  const { panels } = JSON.parse(dashboard()) as { panels: Placed[] }
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
})
