export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** One line of Prometheus' text format; undefined for anything that is not a sample. */
export function parseLine(line: string): Sample | undefined {
  const [, name, labelText = '', number] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? []
  if (name === undefined || number === undefined) return undefined
  const labels: Record<string, string> = {}
  for (const [, label = '', value = ''] of labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[label] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
  }
  return { name, labels, value: number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number) }
}
