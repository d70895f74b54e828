import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { drainMails } from './drain.ts'
import { type Figures, measure } from './measure.ts'
import { references } from './reference.ts'
import { compareScales } from './scale.ts'
import { startAuthdTarget, startCeilingTarget } from './target.ts'
import { UNITS } from './units.ts'

const { values: options } = parseArgs({
  options: {
    unit: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'string' },
    scale: { type: 'string' },
    postgres: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
})

const milliseconds = options.smoke ? 50 : Number(options.seconds) * 1000
if (options.scale !== undefined) {
  const { unit, postgres } = options
  await compareScales({ count: Number(options.scale), postgres, unit, milliseconds })
  process.exit()
}
const levels = options.smoke ? [2] : [1, 8, 32]
const rows: (Figures & { name: string; ofCeiling?: number })[] = []

console.log('unit                      at once     ops/s    p50 ms    p99 ms   CPU µs/op   × ceiling')
for (const reference of await references(milliseconds)) show(reference)
const authd = await startAuthdTarget({ mayBeBuilt: !options.smoke })
const ceiling = await startCeilingTarget()
try {
  for (const { name, prepare, prepareCeiling } of UNITS) {
    if (options.unit !== undefined && options.unit !== name) continue
    for (const concurrency of levels) {
      const load = { concurrency, milliseconds }
      // Input is prepared before the clock starts. The prototype runs right after, on the same machine.
      const own = await measure(await prepare(authd, load), { ...authd, ...load })
      const bare = await measure(await prepareCeiling(ceiling, load), { ...ceiling, ...load })
      show({ name, ...own, ofCeiling: own.perSecond / bare.perSecond })
    }
  }
  if (options.unit === undefined || options.unit === 'drain mails') {
    const drained = await drainMails(authd, options.smoke ? 20 : 10_000)
    console.log(
      `drain mails: ${drained.count} in ${drained.seconds.toFixed(1)} s, ${(drained.count / drained.seconds).toFixed(0)}/s, ` +
        `${(drained.bareSeconds / drained.seconds).toFixed(2)} of nodemailer alone; ` +
        `memory ${drained.memory.map((bytes) => (bytes / 1e6).toFixed(0)).join(' → ')} MB`,
    )
  }
} finally {
  await authd.stop()
  await ceiling.stop()
}
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(rows, null, 2)}\n`)

function show(row: Figures & { name: string; ofCeiling?: number }): void {
  rows.push(row)
  const { name, concurrency, perSecond, p50, p99, cpuMicros, ofCeiling } = row
  const cells = [
    concurrency,
    perSecond.toFixed(0),
    p50.toFixed(2),
    p99.toFixed(2),
    cpuMicros.toFixed(0),
    ofCeiling?.toFixed(2) ?? '',
  ]
  console.log(name.padEnd(24) + cells.map((cell) => String(cell).padStart(10)).join(''))
}
