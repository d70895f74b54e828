import { expect, test } from 'vitest'
import { createMetrics } from '../../src/platform/monitoring/metrics.ts'

test('a route and status, or a kind of statement, costs few series', async () => {
  const metrics = createMetrics()
  metrics.observe('http_request_duration_seconds', { method: 'GET', path: '/health', status: '200' }, 0.003)
  metrics.observe('db_query_duration_seconds', { type: 'select' }, 0.003)

  const { text } = await metrics.render()

  expect(text.match(/^http_request_duration_seconds/gm)).toHaveLength(8)
  expect(text.match(/^db_query_duration_seconds/gm)).toHaveLength(9)
})
