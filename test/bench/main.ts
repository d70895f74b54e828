import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type Figures, measure } from './measure.ts'
import { references } from './reference.ts'
import { startTarget } from './target.ts'
import { UNITS } from './units.ts'

const { values: options } = parseArgs({
  options: {
    unit: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
})

const milliseconds = options.smoke ? 50 : Number(options.seconds) * 1000
const levels = options.smoke ? [2] : [1, 8, 32]

console.log('unit                      at once     ops/s    p50 ms    p99 ms   CPU µs/op')
const rows: Record<string, Figures[]> = {}
for (const reference of await references(milliseconds)) show(reference.name, [reference])
const target = await startTarget()
try {
  for (const { name, prepare } of UNITS) {
    if (options.unit !== undefined && options.unit !== name) continue
    const figures: Figures[] = []
    for (const concurrency of levels) {
      // What a unit consumes is made before its clock runs.
      const operation = await prepare(target, { concurrency, milliseconds })
      figures.push(await measure(operation, { concurrency, milliseconds, pid: target.pid }))
    }
    show(name, figures)
  }
} finally {
  await target.stop()
}
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(rows, null, 2)}\n`)

function show(name: string, figures: Figures[]): void {
  rows[name] = figures
  for (const { concurrency, perSecond, p50, p99, cpuMicros } of figures) {
    const cells = [String(concurrency), perSecond.toFixed(0), p50.toFixed(2), p99.toFixed(2), cpuMicros.toFixed(0)]
    console.log(name.padEnd(24) + cells.map((cell) => cell.padStart(10)).join(''))
  }
}
