import { loadavg } from 'node:os'
import { afterAll, expect, test } from 'vitest'
import { FAULTS } from './faults/all.ts'
import { type Endured, endure, MAY_STOP_MS, missing, toSeconds, whoGotWhat } from './support/endure.ts'

const rows: string[][] = [['fault', 'acknowledged', 'lost', 'doubled', 'healed after', 'SIGTERM to exit', 'load']]
afterAll(() => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  if (rows.length > 1) console.log(rows.map(line).join('\n'))
})

test.each(FAULTS)('$name: $promise', async (fault) => {
  const absent = missing(fault)
  if (absent !== undefined) throw new Error(`${fault.name} needs more: ${absent}`)

  const endured = await endure(fault)
  report(endured)

  const { lost, doubled, said, meanwhile, exitMs, broken } = endured
  expect({ lost, doubled, broken }).toEqual({ lost: [], doubled: [], broken: [] })
  expect(meanwhile.filter(({ status }) => !fault.may.includes(status))).toEqual([])
  expect(said.filter(({ since }) => since === undefined || since !== said[0]?.since)).toEqual([])
  expect(exitMs).toBeLessThan(MAY_STOP_MS)
})

function report(endured: Endured): void {
  const { fault, acknowledged, lost, doubled, said, logged, healedMs, exitMs, exitCode, broken } = endured
  const [before, during, after] = acknowledged
  const total = String(before + during + after)
  // Above the number of cores, times are those of the machine.
  const load = (loadavg()[0] ?? 0).toFixed(0)
  rows.push([
    fault.name,
    total,
    String(lost.length),
    String(doubled.length),
    toSeconds(healedMs),
    toSeconds(exitMs),
    load,
  ])
  console.log(
    [
      `${fault.name}: ${fault.promise}`,
      `acknowledged: ${before} before, ${during} during, ${after} after; lost ${lost.length}, doubled ${doubled.length}`,
      ...whoGotWhat(endured),
      ...said.map(({ door, line, since }) => `${door}${since === undefined ? ' DOES NOT SAY IT' : ''}: ${line}`),
      ...[...logged].map(([message, count]) => `logged ${count} ×: ${message}`),
      `serves again ${toSeconds(healedMs)} after the repair; SIGTERM meanwhile: exit ${exitCode} after ${toSeconds(exitMs)}`,
      ...[...broken, ...lost, ...doubled].slice(0, 10),
    ].join('\n  '),
  )
}
