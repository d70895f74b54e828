import { expect, test } from 'vitest'
import { summedSparkline } from '../../src/cli/output/sparkline.ts'
import { shell } from '../support/cli.ts'

test('stats prints a row per day in a pipe and one object in JSON, and rejects a time it cannot look back to', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com', 'bob@example.com'])

  const rows = (await run(['stats', '--header'])).stdout.trimEnd().split('\n')
  const week = JSON.parse((await run(['stats', '--since', '7d', '--json'])).stdout)
  const methods = JSON.parse((await run(['stats', '--by', 'method', '--json'])).stdout)
  const refused = await run(['stats', '--since', '0001-01-01'])

  const [head = '', ...days] = rows.map((row) => row.split('\t'))
  expect(head.slice(0, 4)).toEqual(['DATE', 'SIGN_INS', 'FAILURES', 'SIGN_UPS'])
  expect([days.length, days.at(-1)?.slice(1)]).toEqual([30, ['0', '0', '2', '0', '0', '0', '0', '0']])
  expect([week.days.length, week.total.sign_ups]).toEqual([7, 2])
  expect(methods).toMatchObject({ by: 'method', methods: [], total: { sign_ins: 0, failures: 0 } })
  expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('at most 400 days back')])
})

test('a sparkline distinguishes zero, small and unknown values, and is never longer than asked', () => {
  const bars = (values: (number | null)[], isUnicode = true) => summedSparkline(values, { width: 4, isUnicode })

  expect(bars([0, 1, 1000, null])).toBe('▁▂█ ')
  expect(bars([0, 0])).toBe('▁▁')
  expect(bars([0, 1, 1000, null], false)).toBe('_.@ ')
  expect(bars([1, 1, null, null, 8, 0, 0, 0])).toBe('▃ █▁')
})
