import { text } from 'node:stream/consumers'
import { checkOverrides, type OverrideInput } from './check.ts'

/**
 * Reads JSON from stdin and writes JSON to stdout. It runs in a separate process, so the memory of mjml is freed at its
 * end.
 */
export async function main(): Promise<void> {
  const input = JSON.parse(await text(process.stdin)) as OverrideInput
  process.stdout.write(JSON.stringify(await checkOverrides(input)))
}

if (import.meta.main) await main()
