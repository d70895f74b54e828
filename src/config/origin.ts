/** Where a value came from. */
export type Origin =
  | { kind: 'flag' }
  | { kind: 'credential'; name: string; path: string }
  | { kind: 'env'; name: string; readFrom?: string }
  | { kind: 'dotenv'; name: string; path: string; line: number; column: number; readFrom?: string }
  | { kind: 'file'; name: string; path: string; line: number; column: number; readFrom?: string }
  | { kind: 'setting'; by: string }
  | { kind: 'default' }

/** As `config show --origin` says it. */
export function describeOrigin(origin: Origin): string {
  const via = 'readFrom' in origin && origin.readFrom ? ` (file ${origin.readFrom})` : ''
  switch (origin.kind) {
    case 'flag':
      return 'command line'
    case 'credential':
      return `credential ${origin.name}`
    case 'env':
      return `env ${origin.name}${via}`
    case 'dotenv':
      return `${origin.path}:${origin.line} ${origin.name}${via}`
    case 'file':
      return `${origin.path}:${origin.line}${via}`
    case 'setting':
      return `setting by ${origin.by}`
    case 'default':
      return 'default'
  }
}

/** How a message names the place where somebody wrote the value of the key. */
export function nameOfOrigin(origin: Origin, key: string): string {
  if (origin.kind === 'credential') return `credential ${origin.name}`
  return 'name' in origin ? origin.name : key
}
