const BLOCKS = '▁▂▃▄▅▆▇█'
const ASCII = '_.-:=+*#'

/**
 * Numbers as a line of bars, at most `width` of them: where there are more, a bar is the sum of several. Nothing is the
 * lowest bar, and anything is higher; what is not known is a gap.
 */
export function sparkline(
  values: (number | null)[],
  { width, isUnicode }: { width: number; isUnicode: boolean },
): string {
  const each = Math.max(1, Math.ceil(values.length / width))
  const sums = Array.from({ length: Math.ceil(values.length / each) }, (_, index) =>
    values.slice(index * each, (index + 1) * each).reduce((sum, value) => (value === null ? sum : (sum ?? 0) + value)),
  )
  const most = Math.max(1, ...sums.map((sum) => sum ?? 0))
  const bars = isUnicode ? BLOCKS : ASCII
  const bar = (sum: number) => bars[sum === 0 ? 0 : Math.max(1, Math.round((sum / most) * (bars.length - 1)))]
  return sums.map((sum) => (sum === null ? ' ' : bar(sum))).join('')
}

/** Whether the terminal shows more than ASCII, as the locale says. */
export function isUnicodeLocale(env: NodeJS.ProcessEnv): boolean {
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '')
}
