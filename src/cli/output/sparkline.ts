import { sparkline } from '../tui/sparkline.ts'

/** At most `width` bars. With more numbers, a bar is the sum of several. */
export function summedSparkline(
  values: (number | null)[],
  { width, isUnicode }: { width: number; isUnicode: boolean },
): string {
  const each = Math.max(1, Math.ceil(values.length / width))
  const sums = Array.from({ length: Math.ceil(values.length / each) }, (_, index) =>
    values.slice(index * each, (index + 1) * each).reduce((sum, value) => (value === null ? sum : (sum ?? 0) + value)),
  )
  return sparkline(sums, { isUnicode })
}

/** Whether the terminal shows more than ASCII, as the locale says. */
export function isUnicodeLocale(env: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '')
}
