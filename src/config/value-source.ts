/** Where a value comes from. */
export type ValueSource =
  | { kind: 'flag' }
  | { kind: 'credential'; name: string; path: string }
  | { kind: 'env'; name: string; readFrom?: string }
  | { kind: 'dotenv'; name: string; path: string; line: number; column: number; readFrom?: string }
  | { kind: 'file'; name: string; path: string; line: number; column: number; readFrom?: string }
  | { kind: 'setting'; by: string }
  | { kind: 'default' }

/** The text in `config show --origin`. */
export function describeSource(source: ValueSource): string {
  const via = 'readFrom' in source && source.readFrom ? ` (file ${source.readFrom})` : ''
  switch (source.kind) {
    case 'flag':
      return 'command line'
    case 'credential':
      return `credential ${source.name}`
    case 'env':
      return `env ${source.name}${via}`
    case 'dotenv':
      return `${source.path}:${source.line} ${source.name}${via}`
    case 'file':
      return `${source.path}:${source.line}${via}`
    case 'setting':
      return `setting by ${source.by}`
    case 'default':
      return 'default'
  }
}

/** The name of a key in a message, as its source writes it. */
export function nameOfSource(source: ValueSource, key: string): string {
  if (source.kind === 'credential') return `credential ${source.name}`
  return 'name' in source ? source.name : key
}
