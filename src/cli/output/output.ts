import { shell } from '../../platform/shell.ts'
import { type GlobalFlags, refuseFlags } from '../flags.ts'
import {
  type Clean,
  cleanJson,
  cleanJsonList,
  cleanLine,
  cleanRow,
  cleanText,
  inLines,
  type Line,
  print,
  printBytes,
} from './clean.ts'
import type { Column } from './column.ts'
import { fieldColumns, pickedOf } from './fields.ts'
import { type AskedList, type ListEnd, type ReadPart, readParts } from './parts.ts'
import { showTime } from './time.ts'

/** How many rows of a long list a terminal shows. */
const ROWS_ON_TERMINAL = 50

interface ListPrinter<Row> {
  take(rows: Row[]): void
  end(end: ListEnd): void
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
  readonly #isList: boolean
  readonly #isSilent: boolean
  /** A stream prints its header once. */
  #hasHeader = false

  private constructor(
    flags: GlobalFlags,
    streams: { stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream },
    { terminal, isList, isSilent }: { terminal: Terminal | undefined; isList: boolean; isSilent: boolean },
  ) {
    this.#flags = flags
    this.#stdout = streams.stdout
    this.#stderr = streams.stderr
    this.#terminal = terminal
    this.#isList = isList
    this.#isSilent = isSilent
  }

  /** With `isList`, one result is a list too: a script that pipes names in does not know how many there are. */
  static async to(streams: Streams, flags: GlobalFlags, { isList = false } = {}): Promise<Output> {
    const terminal = streams.stdout.isTTY ? await import('./terminal.ts') : undefined
    return new Output(flags, streams, { terminal, isList, isSilent: false })
  }

  /** Returns an Output that prints nothing and only checks --fields. */
  silent(): Output {
    const streams = { stdout: this.#stdout, stderr: this.#stderr }
    return new Output(this.#flags, streams, { terminal: this.#terminal, isList: this.#isList, isSilent: true })
  }

  /** A whole list that is in memory. */
  list<Row extends object>(rows: Row[], columns: Column<Row>[]): void {
    const printer = this.#listPrinter(columns)
    printer.take(rows)
    printer.end({ count: rows.length, nextCursor: null, total: rows.length })
    if (rows.length === 0 && this.#isTable()) this.hint('No results.')
  }

  /**
   * A list that is read in parts, because it may be long. All of it, part by part, unless --limit is given; a terminal
   * shows the first rows. If there is more, stderr says so.
   */
  async parts<Row extends object>(
    read: ReadPart<Row>,
    columns: Column<Row>[],
    { limit, cursor, all }: AskedList,
  ): Promise<void> {
    const printer = this.#listPrinter(columns)
    const most = limit ?? (all || !this.#isTable() ? Number.POSITIVE_INFINITY : ROWS_ON_TERMINAL)
    const end = await readParts(read, { limit: most, cursor }, (rows) => printer.take(rows))
    printer.end(end)
    if (end.count === 0 && this.#isTable()) this.hint('No results.')
    else if (end.nextCursor !== null)
      this.hint(
        `Showing ${end.count}${end.total === null ? '' : ` of ${end.total}`}. More: ${shell`--cursor ${end.nextCursor}`}, or --all`,
      )
  }

  #listPrinter<Row extends object>(columns: Column<Row>[]): ListPrinter<Row> {
    if (this.#flags.jsonl) {
      return { take: (rows) => this.#write(rows.map((row) => cleanJson(this.#picked(row)))), end: () => {} }
    }
    return this.#flags.json ? this.#jsonPrinter() : this.#columnPrinter(columns)
  }

  /** One document, written part by part. */
  #jsonPrinter<Row extends object>(): ListPrinter<Row> {
    const { part, end } = cleanJsonList(this.#stdout.isTTY ? 2 : undefined)
    return {
      take: (rows) => this.#print(this.#stdout, part(rows.map((row) => this.#picked(row)))),
      end: ({ nextCursor, total }) => this.#print(this.#stdout, end({ next_cursor: nextCursor, total })),
    }
  }

  /** Tab-separated, part by part. A table needs all rows, because they decide how wide its columns are. */
  #columnPrinter<Row extends object>(columns: Column<Row>[]): ListPrinter<Row> {
    const cells = this.#flags.fields === undefined ? columns : fieldColumns<Row>(this.#flags.fields)
    const cellsOf = (row: Row) => cells.map((column) => this.#cell(column, row))
    const headers = cells.map(({ header }) => header)
    const terminal = this.#isTable() ? this.#terminal : undefined
    const held: string[][] = []
    if (!terminal && this.#flags.header) held.push(headers)
    return {
      take: (rows) => {
        for (const row of rows.slice(0, 1)) this.#picked(row)
        held.push(...rows.map(cellsOf))
        if (!terminal) this.#write(held.splice(0).map(cleanRow))
      },
      end: () => {
        if (!terminal) return
        const { lines, leftOut } = terminal.renderFitting(cells, held, this.#stdout.columns ?? 80)
        this.#lines(lines)
        if (leftOut.length > 0) this.hint(`Left out to fit: ${leftOut.join(', ')}. Shown with --plain --header.`)
      },
    }
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
    this.#named(values, lines)
  }

  /** What was found about each thing that was named. */
  found(results: { value: object; lines: Line[] }[]): void {
    const lines = results.flatMap((result, index) => (index === 0 ? result.lines : ['', ...result.lines]))
    this.#named(
      results.map(({ value }) => value),
      lines,
    )
  }

  #named(values: object[], lines: Line[]): void {
    const [only] = values
    if (only && values.length === 1 && !this.#isList) this.object(only, lines)
    else this.many(values, lines)
  }

  /** Prints one object of a stream. */
  line(value: object, lines: Line[]): void {
    const isText = !this.#flags.json && !this.#flags.jsonl && (this.#stdout.isTTY || this.#flags.plain)
    if (!isText) {
      refuseFlags({ ...this.#flags }, ['time'], 'JSON has times in RFC 3339. Add --plain.')
      this.#write([cleanJson(this.#picked(value))])
    } else if (this.#flags.fields === undefined) this.#lines(lines)
    else this.#fieldRows([value])
  }

  /** Prints one object with --json, else `text`, which may have several lines. */
  document(value: object, text: string): void {
    if (this.#flags.json || this.#flags.jsonl || this.#flags.fields !== undefined) this.object(value, [])
    else this.#print(this.#stdout, cleanText(text.endsWith('\n') ? text : `${text}\n`))
  }

  /** Prints the lines of an export, without a pager. */
  lines(lines: string[]): void {
    this.#print(this.#stdout, inLines(lines.map((line) => cleanLine(line, this.#stdout))))
  }

  /** Prints a generated file, which may have several lines; with --json an object whose `text` it is. */
  text(text: string): void {
    this.document({ text }, text)
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

  /** The time of an event among others: in UTC, with the date if that is not today. */
  moment(value: string): string {
    return showTime(value, this.#flags.time ?? (this.#isPlain() ? 'iso' : 'moment'))
  }

  #isTable(): boolean {
    return !this.#flags.json && !this.#flags.jsonl && !this.#isPlain()
  }

  #isPlain(): boolean {
    return this.#flags.plain || this.#terminal === undefined
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
    else this.#fieldRows(values.map((value) => this.#marked(value)))
  }

  /** The chosen fields of each value, below their names if --header is given. */
  #fieldRows(values: object[]): void {
    const columns = fieldColumns<object>(this.#flags.fields)
    const picked = values.map((value) => this.#picked(value))
    const rows = picked.map((value) => cleanRow(columns.map((column) => this.#cell(column, value))))
    if (this.#flags.header && !this.#hasHeader) rows.unshift(cleanRow(columns.map(({ header }) => header)))
    this.#hasHeader = true
    this.#write(rows)
  }

  #picked(value: object): object {
    return pickedOf(value, this.#flags.fields)
  }

  /** Bytes that are the whole result, such as an archive. */
  bytes(result: Uint8Array): void {
    if (!this.#isSilent) printBytes(this.#stdout, result)
  }

  #json(value: object): void {
    const isPretty = this.#stdout.isTTY && !this.#flags.jsonl
    this.#print(this.#stdout, inLines([cleanJson(value, isPretty ? 2 : undefined)]))
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
