import { text } from 'node:stream/consumers'
import { checkOverrides, type OverrideInput } from './check.ts'

/** A process of its own, with one job: mjml and all that it takes goes when it ends. JSON comes in, JSON goes out. */
export async function main(): Promise<void> {
  const input = JSON.parse(await text(process.stdin)) as OverrideInput
  process.stdout.write(JSON.stringify(await checkOverrides(input)))
}

if (import.meta.main) await main()
