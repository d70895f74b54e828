import { AuthdError } from '../errors.ts'
import { PART } from '../flows/bulk-units.ts'
import type { MovedUser } from '../flows/users/import.ts'
import { csvRecords } from '../platform/csv.ts'
import { type OpenedInput, openInput } from '../platform/files.ts'
import { linesOf, type TextLine } from '../platform/text-lines.ts'
import type { Converted } from '../resources/other-products.ts'

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
  { format, rpId, now }: { format: ImportFormat; rpId: string | undefined; now: number },
): AsyncGenerator<UserRow> {
  const { parseMovedUser } = await import('../resources/moved-user.ts')
  const { fromKeycloak, fromKratos } = await import('../resources/other-products.ts')
  const convert = {
    jsonl: (value: unknown): Converted => ({ value, left: [] }),
    csv: (value: unknown): Converted => ({ value, left: [] }),
    keycloak: fromKeycloak,
    kratos: (value: unknown) => fromKratos(value, { rpId }),
  }[format]
  const values = format === 'csv' ? csvValues(linesOf(input.parts())) : jsonValues(linesOf(input.parts()))
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
async function* csvValues(lines: AsyncIterable<TextLine>): AsyncGenerator<Value> {
  let names: string[] | undefined
  for await (const read of csvRecords(lines)) {
    if (names === undefined) {
      names = await columnsOf(read)
    } else if ('fault' in read) yield read
    else if (read.cells.length !== names.length) {
      yield { line: read.line, fault: `Has ${read.cells.length} cells, but the first line names ${names.length}.` }
    } else {
      const cells = names.map((name, at) => [name, cellValue(name, read.cells[at] ?? '')] as const)
      yield { line: read.line, value: Object.fromEntries(cells.filter(([, value]) => value !== undefined)) }
    }
  }
}

async function columnsOf(read: { line: number; cells: string[] } | { line: number; fault: string }): Promise<string[]> {
  const { MOVED_COLUMNS } = await import('../resources/moved-user.ts')
  const refuse = (message: string) =>
    new AuthdError('VALIDATION_ERROR', { message: `Line ${read.line}, the names of the columns: ${message}` })
  if ('fault' in read) throw refuse(read.fault)
  const names = read.cells.map((cell) => cell.trim().toLowerCase())
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) throw refuse(`"${twice}" stands there twice.`)
  const unknown = names.find((name) => !(MOVED_COLUMNS as string[]).includes(name))
  if (unknown !== undefined) {
    const hint = names.length === 1 && /[;\t]/.test(unknown) ? ' Separate the columns with commas.' : ''
    throw refuse(`"${unknown}" is unknown.${hint} Use ${MOVED_COLUMNS.join(', ')}.`)
  }
  if (!names.includes('email')) throw refuse('"email" is missing.')
  return names
}

function cellValue(name: string, cell: string): unknown {
  if (cell === '') return undefined
  if (name !== 'email_verified') return cell
  return { true: true, false: false }[cell.toLowerCase()] ?? cell
}
