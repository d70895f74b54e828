import { AuthdError } from '../errors.ts'
import type { RowOutcome } from '../flows/users/import.ts'
import { counted } from './output/count.ts'
import { firstOf } from './output/report.ts'
import type { UserRow } from './user-rows.ts'

/** Wrong rows that are named. The others are counted. */
const NAMED = 1000

export interface RowReport {
  /** Notes a row, with what became of it if it was right. */
  note(row: UserRow, outcome?: RowOutcome): void
  counts(): { created: number; invited: number; updated: number; unchanged: number; skipped: number; failed: number }
  /** `Added 3 users, skipped 1 who exists.` */
  sentence(isDry: boolean): string
  /** The last line that was noted, 0 at the start. */
  lastLine(): number
  /** Who was skipped, and what of imported users was left out, by line. */
  leftOut(): string[]
  /** Throws VALIDATION_ERROR with all wrong rows, after a first sentence, if there are any. */
  refuse(first: string): void
}

/** Counts what becomes of the rows of a file, and keeps the wrong ones with their lines. */
export function rowReport(file: string): RowReport {
  const place = file === '-' ? 'stdin' : file
  const counts = { created: 0, invited: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0 }
  const problems: string[] = []
  const left: string[] = []
  const skipped: string[] = []
  let last = 0
  const fail = (line: number, fault: string) => {
    counts.failed += 1
    if (problems.length < NAMED) problems.push(`${place}:${line}: ${fault}`)
  }
  return {
    note(row, outcome) {
      last = row.line
      if ('fault' in row) fail(row.line, row.fault)
      else if (typeof outcome === 'object') fail(row.line, outcome.fault)
      else if (outcome !== undefined) {
        counts[outcome] += 1
        if (outcome === 'invited') counts.created += 1
        if (outcome === 'skipped') {
          skipped.push(`${place}:${row.line}: ${row.user.email.canonical}`)
          return
        }
        for (const what of row.left) left.push(`${place}:${row.line}: ${what}`)
      }
    },
    counts: () => counts,
    leftOut: () => [
      ...(skipped.length === 0 ? [] : ['Skipped because they exist:', ...firstOf(skipped)]),
      ...(left.length === 0 ? [] : ['Left out of the users that were imported:', ...firstOf(left)]),
    ],
    lastLine: () => last,
    sentence(isDry) {
      const { created, invited, updated, unchanged, skipped } = counts
      const parts = [
        `${isDry ? 'Would add' : 'Added'} ${counted(created, 'user')}`,
        ...(invited > 0 ? [`${isDry ? 'invite' : 'invited'} ${invited}`] : []),
        ...(updated > 0 ? [`${isDry ? 'update' : 'updated'} ${updated}`] : []),
        ...(unchanged > 0 ? [`${isDry ? 'leave' : 'left'} ${unchanged} unchanged`] : []),
        ...(skipped > 0 ? [`${isDry ? 'skip' : 'skipped'} ${skipped} who ${skipped === 1 ? 'exists' : 'exist'}`] : []),
      ]
      return `${parts.join(', ')}.`
    },
    refuse(first) {
      const { failed } = counts
      if (failed === 0) return
      const more = failed > NAMED ? ` The first ${NAMED} follow.` : ''
      const wrong = failed === 1 ? '1 row is wrong.' : `${failed} rows are wrong.`
      throw new AuthdError('VALIDATION_ERROR', {
        lines: [`${first} ${wrong}${more}`, ...firstOf(problems)],
        details: { ...counts, problems },
      })
    },
  }
}
