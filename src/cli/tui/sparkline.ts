const BLOCKS = '▁▂▃▄▅▆▇█'
const LETTERS = '_.-=+*#@'

/** A one-line curve with its highest value at full height. Unknown values are blank. */
export function sparkline(values: readonly (number | null)[], { isUnicode }: { isUnicode: boolean }): string {
  const steps = isUnicode ? BLOCKS : LETTERS
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  return values
    .map((value) => {
      if (value === null) return ' '
      if (value <= 0) return steps[0]
      // A small value must not look like zero.
      return steps[Math.max(1, Math.round((value / most) * (steps.length - 1)))]
    })
    .join('')
}
