import { Flags } from '@oclif/core'
import { AuthdError } from '../../errors.ts'
import { readActivity } from '../../flows/operator/daily-counts.ts'
import { DAY, systemClock } from '../../platform/clock.ts'
import { type DayResource, type MethodResource, presentDay, presentMethods } from '../../resources/activity.ts'
import { operation } from '../command.ts'
import { timeFlag } from '../flags.ts'
import type { Column } from '../output/column.ts'
import { isUnicodeLocale, summedSparkline } from '../output/sparkline.ts'
import { renderTable } from '../output/terminal.ts'
import { parseTime } from '../output/time.ts'

const MEASURES = {
  sign_ins: 'sign-ins',
  failures: 'failures',
  sign_ups: 'sign-ups',
  sessions_created: 'sessions begun',
  sessions_revoked: 'sessions revoked',
  lockouts: 'lockouts',
  mails_sent: 'mails sent',
  mails_failed: 'mails failed',
} as const

const MEASURE_NAMES = Object.keys(MEASURES) as (keyof typeof MEASURES)[]

const DAY_COLUMNS: Column<DayResource>[] = [
  { header: 'DATE', value: ({ date }) => date },
  ...MEASURE_NAMES.map((name) => ({ header: name.toUpperCase(), value: (day: DayResource) => day[name] })),
]

const METHOD_COLUMNS: Column<MethodResource>[] = [
  { header: 'METHOD', value: ({ method }) => method },
  { header: 'SIGN_INS', value: ({ sign_ins }) => sign_ins },
  { header: 'FAILURES', value: ({ failures }) => failures },
]

/** The audit log has no older events. */
const MOST_DAYS = 400

/** Width of the bars, so that all columns fit into 80. */
const BARS = 30

export default operation({
  hasColumns: true,
  examples: [
    'authd stats',
    'authd stats --since 7d --by method',
    'authd stats --since 90d --plain --header > authd.tsv',
  ],
  flags: {
    since: timeFlag({ default: async () => parseTime('30d'), description: 'First day: 7d, 2026-11-01.' }),
    by: Flags.string({ options: ['day', 'method'], default: 'day', description: 'One row per day or per method.' }),
  },
  prepare({ flags }) {
    if (systemClock.now() - flags.since > MOST_DAYS * DAY)
      throw new AuthdError('USAGE', { message: `--since: at most ${MOST_DAYS} days back.` })
  },
  async run(deps, { flags, out }) {
    const found = await readActivity(deps, flags.since)
    const days = found.map(presentDay)
    const period = { since: days[0]?.date, until: days.at(-1)?.date, by: flags.by }
    const title = [`${period.since} to ${period.until}, days in UTC`, '']
    if (flags.by === 'method') {
      const methods = presentMethods(found)
      const { sign_ins, failures } = totalOf(days)
      const value = { ...period, methods, total: { sign_ins, failures } }
      return out.figures(value, { rows: methods, columns: METHOD_COLUMNS }, [...title, ...methodTable(methods)])
    }
    const value = { ...period, days, total: totalOf(days) }
    out.figures(value, { rows: days, columns: DAY_COLUMNS }, [...title, ...dayTable(days)])
    if (days.some(({ mails_sent }) => mails_sent === null))
      out.hint('Mails are deleted after 30 days, so older days have no mail count.')
  },
})

type Measured = Pick<DayResource, keyof typeof MEASURES>

function totalOf(days: DayResource[]): Measured {
  const sum = (name: keyof typeof MEASURES) => days.reduce((total, day) => total + (day[name] ?? 0), 0)
  return Object.fromEntries(MEASURE_NAMES.map((name) => [name, sum(name)])) as Record<keyof typeof MEASURES, number>
}

/** One row per measure: bars of all days, total, average per day, and the highest day. */
function dayTable(days: DayResource[]): string[] {
  const rows = MEASURE_NAMES.map((name) => {
    const known = days.filter((day) => day[name] !== null)
    const total = known.reduce((sum, day) => sum + (day[name] ?? 0), 0)
    const most = known.reduce<DayResource | undefined>(
      (best, day) => ((day[name] ?? 0) > (best?.[name] ?? 0) ? day : best),
      undefined,
    )
    const bars = barsOf(days.map((day) => day[name]))
    const perDay = total / Math.max(1, known.length)
    return [MEASURES[name], bars, total, perDay.toFixed(perDay < 10 ? 1 : 0), most?.[name] ?? 0, most?.date.slice(5)]
  })
  return numbersTable(['', 'DAY BY DAY', 'TOTAL', 'A DAY', 'MOST', 'ON'], rows)
}

function methodTable(methods: MethodResource[]): string[] {
  const all = methods.reduce((sum, { sign_ins }) => sum + sign_ins, 0)
  const rows = methods.map(({ method, sign_ins, failures, sign_ins_by_day }) => {
    const share = `${Math.round((100 * sign_ins) / Math.max(1, all))} %`
    return [method, barsOf(sign_ins_by_day), sign_ins, share, failures]
  })
  if (rows.length === 0) return ['No sign-ins and no failures.']
  return numbersTable(['METHOD', 'SIGN-INS DAY BY DAY', 'SIGN-INS', 'SHARE', 'FAILURES'], rows)
}

function barsOf(values: (number | null)[]): string {
  return summedSparkline(values, { width: BARS, isUnicode: isUnicodeLocale(process.env) })
}

/** Like renderTable, with the columns after the bars aligned to the right. */
function numbersTable(headers: string[], rows: (string | number | undefined)[][]): string[] {
  const cells = [headers, ...rows.map((row) => row.map((cell) => String(cell ?? '')))]
  const widths = headers.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)))
  const [head = [], ...body] = cells.map((row) =>
    row.map((cell, index) => (index < 2 ? cell : cell.padStart(widths[index] ?? 0))),
  )
  return renderTable(head, body, process.stdout.columns ?? 80)
}
