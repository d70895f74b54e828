import { AuthdError } from '../../errors.ts'
import type { GlobalFlags } from '../flags.ts'
import { type Clean, cleanJson, cleanLine, cleanRow, cleanText, inLines, type Line, print } from './clean.ts'
import { showTime } from './time.ts'

/** A column of a table; in plain output the same value, untruncated. */
export interface Column<Row> {
  header: string
  value(row: Row): string | number | boolean | null | undefined
  /** Shown as `--time` says. */
  isTime?: boolean
}

export interface ListOptions {
  total?: number
  nextCursor?: string | null
}

export interface Change {
  /** The object after the change. */
  resource: object
  isChanged: boolean
  /** One line or several. */
  text: string | string[]
}

type Streams = Pick<NodeJS.Process, 'stdout' | 'stderr'>
type Terminal = typeof import('./terminal.ts')

/** Prints the results of a command. Stdout has the result and nothing else; hints go to stderr. */
export class Output {
  readonly #flags: GlobalFlags
  readonly #stdout: NodeJS.WriteStream
  readonly #stderr: NodeJS.WriteStream
  readonly #terminal: Terminal | undefined
  readonly #isSilent: boolean

  private constructor(
    flags: GlobalFlags,
    streams: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream },
    terminal: Terminal | undefined,
    isSilent = false,
  ) {
    this.#flags = flags
    this.#stdout = streams.stdout
    this.#stderr = streams.stderr
    this.#terminal = terminal
    this.#isSilent = isSilent
  }

  static async to(streams: Streams, flags: GlobalFlags): Promise<Output> {
    return new Output(flags, streams, streams.stdout.isTTY ? await import('./terminal.ts') : undefined)
  }

  /** Returns an Output that prints nothing and only checks --fields. */
  silent(): Output {
    return new Output(this.#flags, { stdout: this.#stdout, stderr: this.#stderr }, this.#terminal, true)
  }

  /** Prints a list: whole objects with --json, else `columns`. */
  list<Row extends object>(rows: Row[], columns: Column<Row>[], { total, nextCursor = null }: ListOptions = {}): void {
    if (this.#flags.jsonl) {
      this.#write(rows.map((row) => cleanJson(this.#picked(row))))
      return
    }
    if (this.#flags.json) {
      this.#json({
        data: rows.map((row) => this.#picked(row)),
        next_cursor: nextCursor,
        total: total ?? (nextCursor === null ? rows.length : null),
      })
      return
    }
    for (const row of rows.slice(0, 1)) this.#picked(row)
    const cells = this.#flags.fields === undefined ? columns : this.#fieldColumns<Row>()
    if (this.#flags.plain || !this.#terminal) {
      this.#plain(rows, cells)
      return
    }
    const headers = cells.map(({ header }) => header)
    const shown = rows.map((row) => cells.map((column) => this.#cell(column, row)))
    this.#lines(this.#terminal.renderTable(headers, shown, this.#stdout.columns ?? 80))
    if (rows.length === 0) this.hint('No results.')
    else if (nextCursor !== null)
      this.hint(`Showing ${rows.length} of ${total ?? 'more'}. More: --cursor ${nextCursor}`)
  }

  /** Prints one object: all of it with --json, only the chosen values with --fields, else `lines`. */
  object(value: object, lines: Line[]): void {
    if (this.#flags.json || this.#flags.jsonl) this.#json(this.#picked(this.#marked(value)))
    else this.#say([value], lines)
  }

  /** Prints statistics: one object with --json, `rows` in a pipe, and `lines` on a terminal. */
  figures<Row extends object>(
    value: object,
    { rows, columns }: { rows: Row[]; columns: Column<Row>[] },
    lines: Line[],
  ): void {
    if (this.#flags.jsonl || (this.#isPlain() && !this.#flags.json)) this.list(rows, columns)
    else this.object(value, lines)
  }

  /** Prints several objects: a list with --json, else `lines`. */
  many(values: object[], lines: Line[]): void {
    const shown = values.map((value) => this.#picked(this.#marked(value)))
    if (this.#flags.jsonl) this.#write(shown.map((value) => cleanJson(value)))
    else if (this.#flags.json) this.#json({ data: shown, next_cursor: null, total: shown.length })
    else this.#say(values, lines)
  }

  /** What a command did to each thing. */
  changes(changes: Change[]): void {
    const values = changes.map(({ resource, isChanged }) => ({ ...resource, changed: isChanged }))
    const lines = changes.flatMap(({ text }) => text)
    const [only] = values
    if (only && values.length === 1) this.object(only, lines)
    else this.many(values, lines)
  }

  /** Prints one object of a stream. */
  line(value: object, lines: Line[]): void {
    const isText = !this.#flags.json && !this.#flags.jsonl && (this.#stdout.isTTY || this.#flags.plain)
    if (isText) this.#lines(lines)
    else this.#write([cleanJson(this.#picked(value))])
  }

  /** Prints one object with --json, else `text`, which may have several lines. */
  document(value: object, text: string): void {
    if (this.#flags.json || this.#flags.jsonl || this.#flags.fields !== undefined) this.object(value, [])
    else this.text(text)
  }

  /** Prints the lines of an export, without a pager. */
  lines(lines: string[]): void {
    this.#print(this.#stdout, inLines(lines.map((line) => cleanLine(line, this.#stdout))))
  }

  /** Prints a generated file, which may have several lines. */
  text(text: string): void {
    this.#print(this.#stdout, cleanText(text.endsWith('\n') ? text : `${text}\n`))
  }

  /** A message on stderr, unless -q is given. */
  hint(text: string): void {
    if (!this.#flags.quiet) this.#print(this.#stderr, inLines([cleanLine(text, this.#stderr)]))
  }

  /** The words for what was done, or for what a dry run would do: `out.did('Deleted', 'Would delete')`. */
  did(done: string, would: `Would ${string}` | `would ${string}`): string {
    return this.#flags['dry-run'] ? would : done
  }

  /** A time as `--time` says; in pipes as RFC 3339. */
  time(value: string | null): string {
    return showTime(value, this.#flags.time ?? (this.#isPlain() ? 'iso' : 'relative'))
  }

  #isPlain(): boolean {
    return this.#flags.plain || this.#terminal === undefined
  }

  #plain<Row>(rows: Row[], columns: Column<Row>[]): void {
    const header = this.#flags.header ? [columns.map(({ header: name }) => name)] : []
    const cells = rows.map((row) => columns.map((column) => this.#cell(column, row)))
    this.#write([...header, ...cells].map(cleanRow))
  }

  #cell<Row>(column: Column<Row>, row: Row): string {
    const value = column.value(row)
    if (!column.isTime) return String(value ?? '')
    return this.time(value === undefined || value === null ? null : String(value))
  }

  /** Marks each object of a dry run. */
  #marked(value: object): object {
    return this.#flags['dry-run'] ? { ...value, dry_run: true } : value
  }

  /** The lines, or with --fields the values of those fields. */
  #say(values: object[], lines: Line[]): void {
    if (this.#flags['dry-run']) this.hint('Dry run: nothing was changed.')
    if (this.#flags.fields === undefined) this.#lines(lines)
    else this.#write(values.map((value) => this.#fieldRow(this.#picked(this.#marked(value)))))
  }

  #picked(value: object): object {
    if (this.#flags.fields === undefined) return value
    const unknown = this.#fieldNames().find((name) => !(name in value))
    if (unknown !== undefined) {
      const names = Object.keys(value).join(',')
      throw new AuthdError('USAGE', { message: `--fields: unknown field "${unknown}". Available: ${names}.` })
    }
    return Object.fromEntries(
      this.#fieldNames().map((name) => [name, (value as Record<string, unknown>)[name] ?? null]),
    )
  }

  #fieldColumns<Row>(): Column<Row>[] {
    return this.#fieldNames().map((name) => ({
      header: name.toUpperCase(),
      value: (row) => {
        const value = (row as Record<string, unknown>)[name]
        return typeof value === 'object' && value !== null ? cleanJson(value) : (value as string | undefined)
      },
    }))
  }

  #fieldRow(value: object): Clean {
    return cleanRow(this.#fieldColumns().map((column) => this.#cell(column, value)))
  }

  #fieldNames(): string[] {
    return (this.#flags.fields ?? '').split(',').map((name) => name.trim())
  }

  #json(value: object): void {
    this.#print(this.#stdout, inLines([cleanJson(value, this.#stdout.isTTY ? 2 : undefined)]))
  }

  #lines(lines: Line[]): void {
    this.#write(lines.map((line) => cleanLine(line, this.#stdout)))
  }

  #write(lines: Clean[]): void {
    if (lines.length === 0 || this.#isSilent) return
    const text = inLines(lines)
    const mayPage = !this.#flags['no-pager'] && !this.#flags.plain && !this.#flags.jsonl
    if (!(mayPage && this.#terminal?.showPaged(text, this.#stdout))) this.#print(this.#stdout, text)
  }

  #print(stream: NodeJS.WriteStream, text: Clean): void {
    if (!this.#isSilent) print(stream, text)
  }
}
