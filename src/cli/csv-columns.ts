import { AuthdError } from '../errors.ts'
import type { CsvRecord } from '../platform/csv.ts'
import { shell } from '../platform/shell.ts'

/** Which column of a foreign file has what authd calls `email`. The name is as the file writes it. */
export type ColumnMap = ReadonlyMap<string, string>

/** A column that is read: authd's name for it, and its place in each record. */
export interface CsvColumn {
  name: string
  at: number
}

/** Reads `email=Mail` from each of the texts; undefined if there is none. Throws USAGE. */
export async function parseColumnMap(texts: readonly string[]): Promise<ColumnMap | undefined> {
  if (texts.length === 0) return undefined
  const { MOVED_COLUMNS } = await import('../resources/moved-user.ts')
  const map = new Map<string, string>()
  for (const text of texts) {
    const [, name = '', theirs = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? []
    const refuse = (message: string) => new AuthdError('USAGE', { message: `--map: ${message}` })
    if (theirs === '') throw refuse(`"${text}" is not NAME=COLUMN. Use email=Mail.`)
    if (!(MOVED_COLUMNS as string[]).includes(name)) {
      throw refuse(`"${name}" is unknown. Before the = use ${MOVED_COLUMNS.join(', ')}.`)
    }
    if (map.has(name)) throw refuse(`"${name}" is there twice.`)
    map.set(name, theirs)
  }
  return map
}

/**
 * The columns that the first record of a file names. With a map only those that it names are read. Throws VALIDATION_ERROR.
 */
export async function columnsOf(read: CsvRecord, map: ColumnMap | undefined): Promise<CsvColumn[]> {
  const refuse = (message: string, suggestions: string[] = []) =>
    new AuthdError('VALIDATION_ERROR', {
      message: `Line ${read.line}, the names of the columns: ${message}`,
      suggestions,
    })
  if ('fault' in read) throw refuse(read.fault)
  const names = read.cells.map((cell) => cell.trim().toLowerCase())
  const wanted = map ?? new Map(names.map((name) => [name, name]))
  const { MOVED_COLUMNS } = await import('../resources/moved-user.ts')
  const unknown = [...wanted.keys()].find((name) => !(MOVED_COLUMNS as string[]).includes(name))
  if (unknown !== undefined) {
    const hint = names.length === 1 && /[;\t]/.test(unknown) ? ' Separate the columns with commas.' : ''
    throw refuse(`"${unknown}" is unknown.${hint} Use ${MOVED_COLUMNS.join(', ')}, or name yours with --map.`, [
      shell`authd users import FILE --map email=Mail`,
    ])
  }
  if (!wanted.has('email')) throw refuse(map ? '--map does not say which one is email.' : '"email" is missing.')
  return [...wanted].map(([name, theirs]) => {
    const at = names.indexOf(theirs.trim().toLowerCase())
    if (at < 0) throw refuse(`"${theirs}" is not there. The file has ${read.cells.join(', ')}.`)
    if (names.indexOf(theirs.trim().toLowerCase(), at + 1) >= 0) throw refuse(`"${theirs}" stands there twice.`)
    return { name, at }
  })
}
