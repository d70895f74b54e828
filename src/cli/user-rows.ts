import { AuthdError } from '../errors.ts'
import { PART } from '../flows/bulk-units.ts'
import type { MovedUser } from '../flows/users/import.ts'
import { csvRecords } from '../platform/csv.ts'
import { type OpenedInput, openInput } from '../platform/files.ts'
import { linesOf, type TextLine } from '../platform/text-lines.ts'
import type { Converted } from '../resources/other-products.ts'
import { type ColumnMap, type CsvColumn, columnsOf } from './csv-columns.ts'

/** A user of an import, or what is wrong with the row, with the line where it begins. `left`: what is not imported. */
export type UserRow = { line: number; user: MovedUser; left: string[] } | { line: number; fault: string }

/** The last two are what other products export, one user per line. */
export const IMPORT_FORMATS = ['jsonl', 'csv', 'keycloak', 'kratos'] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]

/** Opens what `users import` reads. Throws USAGE for a terminal, NO_INPUT. */
export function openUsers(path: string): OpenedInput {
  if (path !== '-') return opened(path)
  if (process.stdin.isTTY) {
    throw new AuthdError('USAGE', { message: '"-" reads users from stdin, but stdin is a terminal. Pipe them in.' })
  }
  return { isRepeatable: false, parts: () => process.stdin }
}

function opened(path: string): OpenedInput {
  try {
    return openInput(path)
  } catch (cause) {
    throw new AuthdError('NO_INPUT', { message: `${path} cannot be read.`, cause })
  }
}

/** The users of a file, one after the other. Throws VALIDATION_ERROR for a wrong first line of CSV. */
export async function* readUsers(
  input: OpenedInput,
  {
    format,
    rpId,
    map,
    now,
  }: { format: ImportFormat; rpId: string | undefined; map: ColumnMap | undefined; now: number },
): AsyncGenerator<UserRow> {
  const { parseMovedUser } = await import('../resources/moved-user.ts')
  const { fromKeycloak, fromKratos } = await import('../resources/other-products.ts')
  const convert = {
    jsonl: (value: unknown): Converted => ({ value, left: [] }),
    csv: (value: unknown): Converted => ({ value, left: [] }),
    keycloak: fromKeycloak,
    kratos: (value: unknown) => fromKratos(value, { rpId }),
  }[format]
  const values = format === 'csv' ? csvValues(linesOf(input.parts()), map) : jsonValues(linesOf(input.parts()))
  for await (const read of values) {
    const found = 'fault' in read ? read : convert(read.value)
    if (found === 'none') continue
    const { line } = read
    yield 'fault' in found
      ? { line, fault: found.fault }
      : { line, left: found.left, ...parseMovedUser(found.value, now) }
  }
}

/** The rows, of which one that repeats what must be unique is wrong. */
export async function* withoutRepeats(rows: AsyncIterable<UserRow>): AsyncGenerator<UserRow> {
  const lines = new Map<string, number>()
  for await (const row of rows) {
    const keys = 'user' in row ? uniqueOf(row.user) : []
    const repeated = keys.find((key) => lines.has(key))
    if (repeated === undefined) yield row
    else yield { line: row.line, fault: `${repeated} is in line ${lines.get(repeated)} already.` }
    for (const key of keys) if (!lines.has(key)) lines.set(key, row.line)
  }
}

function uniqueOf({ email, id, webauthnUserId, passkeys = [] }: MovedUser): string[] {
  return [
    `email: ${email.canonical}`,
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(webauthnUserId == null ? [] : [`webauthn_user_id: ${webauthnUserId}`]),
    ...passkeys.map(({ credentialId }) => `passkeys: ${credentialId}`),
  ]
}

/** The rows in parts, each for one unit. */
export async function* inUnits(rows: AsyncIterable<UserRow>): AsyncGenerator<UserRow[]> {
  let part: UserRow[] = []
  for await (const row of rows) {
    part.push(row)
    if (part.length < PART) continue
    yield part
    part = []
  }
  if (part.length > 0) yield part
}

type Value = { line: number; value: unknown } | { line: number; fault: string }

async function* jsonValues(lines: AsyncIterable<TextLine>): AsyncGenerator<Value> {
  for await (const read of lines) {
    if ('fault' in read) yield read
    else if (read.text.trim() !== '') yield { line: read.line, ...parseJson(read.text) }
  }
}

function parseJson(text: string): { value: unknown } | { fault: string } {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    // The parser's message would quote the line, which may hold secrets.
    return { fault: 'Not JSON. Write one object per line, for example with jq -c.' }
  }
}

/** One object per record, by the names in the first one. An empty cell says nothing. */
async function* csvValues(lines: AsyncIterable<TextLine>, map: ColumnMap | undefined): AsyncGenerator<Value> {
  let columns: CsvColumn[] | undefined
  let width = 0
  for await (const read of csvRecords(lines)) {
    if (columns === undefined) {
      columns = await columnsOf(read, map)
      width = 'cells' in read ? read.cells.length : 0
    } else if ('fault' in read) yield read
    else if (read.cells.length !== width) {
      yield { line: read.line, fault: `Has ${read.cells.length} cells, but the first line names ${width}.` }
    } else {
      const cells = columns.map(({ name, at }) => [name, cellValue(name, read.cells[at] ?? '')] as const)
      yield { line: read.line, value: Object.fromEntries(cells.filter(([, value]) => value !== undefined)) }
    }
  }
}

function cellValue(name: string, cell: string): unknown {
  if (cell === '') return undefined
  if (name !== 'email_verified') return cell
  return { true: true, false: false }[cell.toLowerCase()] ?? cell
}
