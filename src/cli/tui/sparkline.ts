const BLOCKS = '▁▂▃▄▅▆▇█'
const LETTERS = '_.-=+*#@'

/** A curve of one line, its highest value at full height; where nothing is known it is blank. */
export function sparkline(values: readonly (number | null)[], { isUnicode }: { isUnicode: boolean }): string {
  const steps = isUnicode ? BLOCKS : LETTERS
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  return values
    .map((value) => {
      if (value === null) return ' '
      if (value <= 0) return steps[0]
      // Something is never drawn as nothing.
      return steps[Math.max(1, Math.round((value / most) * (steps.length - 1)))]
    })
    .join('')
}
