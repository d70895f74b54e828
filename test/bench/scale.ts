import { Client } from 'pg'
import { growTo } from './grow.ts'
import { type Figures, measure } from './measure.ts'
import { startAuthdTarget, type Target } from './target.ts'
import { signIn, UNITS, withConnection } from './units.ts'
import { showWaits } from './waits.ts'

export interface Scaled {
  count: number
  /** A PostgreSQL on which databases may be made; without it SQLite. */
  postgres?: string | undefined
  unit?: string | undefined
  milliseconds: number
}

const FEW = 1000
const ROUNDS = 3

/** Prints each unit's speed with many users beside that with few, and how long others wait for what operators do. */
export async function compareScales({ count, postgres, unit, milliseconds }: Scaled): Promise<void> {
  const few = await scaledTarget('few', Math.min(FEW, count), postgres)
  const many = await scaledTarget('many', count, postgres)
  try {
    console.log('unit                      at once  few ops/s many ops/s   × few    CPU × few')
    for (const { name, prepare } of UNITS) {
      if (unit !== undefined && unit !== name) continue
      for (const concurrency of [1, 32]) {
        const load = { concurrency, milliseconds }
        const figures: { few: Figures; many: Figures }[] = []
        // In turns, so that other load on the machine affects both equally.
        for (let round = 0; round < ROUNDS; round += 1) {
          figures.push({
            few: await measure(await prepare(few, load), { ...few, ...load }),
            many: await measure(await prepare(many, load), { ...many, ...load }),
          })
        }
        const cells = [
          concurrency,
          median(figures.map((pair) => pair.few.perSecond)).toFixed(0),
          median(figures.map((pair) => pair.many.perSecond)).toFixed(0),
          median(figures.map((pair) => pair.many.perSecond / pair.few.perSecond)).toFixed(2),
          median(figures.map((pair) => pair.many.cpuMicros / pair.few.cpuMicros)).toFixed(2),
        ]
        console.log(name.padEnd(24) + cells.map((cell) => String(cell).padStart(10)).join(''))
      }
    }
    if (unit === undefined || unit === 'waits') await showWaits(few, many)
  } finally {
    await few.stop()
    await many.stop()
  }
}

async function scaledTarget(name: string, count: number, postgres: string | undefined): Promise<Target> {
  const url = postgres === undefined ? undefined : await emptyDatabase(postgres, `authd_bench_${name}`)
  const target = await startAuthdTarget({ mayBeBuilt: true, ...(url !== undefined && { url }) })
  await withConnection(target, (connection) => signIn(target, connection))
  const startedAt = performance.now()
  const db = await target.openDatabase()
  await growTo(db, count)
  await db.close()
  console.log(`filled ${count} in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  return target
}

async function emptyDatabase(postgres: string, name: string): Promise<string> {
  const client = new Client({ connectionString: postgres })
  await client.connect()
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  return Object.assign(new URL(postgres), { pathname: `/${name}` }).href
}

function median(values: number[]): number {
  return values.sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}
