import { text } from 'node:stream/consumers'
import { StoreError } from '../store/db.ts'
import { inspectSqlite } from '../store/sqlite-backup.ts'
import type { Inspection } from './separate-inspection.ts'

/** Reads JSON from stdin and writes JSON to stdout. */
export async function inspectFromStdin(): Promise<void> {
  const { path, key } = JSON.parse(await text(process.stdin)) as { path: string; key: string }
  process.stdout.write(JSON.stringify(inspectionOf(path, key)))
}

function inspectionOf(path: string, key: string): Inspection {
  try {
    return { found: inspectSqlite(path, key) }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return { fault: error.message, reason: error.reason }
  }
}

if (import.meta.main) await inspectFromStdin()
