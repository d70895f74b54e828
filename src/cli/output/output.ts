import { AuthdError } from '../../errors.ts'
import type { GlobalFlags } from '../flags.ts'
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
  text: string
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

  /** One that prints nothing and only checks --fields. */
  silent(): Output {
    return new Output(this.#flags, { stdout: this.#stdout, stderr: this.#stderr }, this.#terminal, true)
  }

  /** A list of objects: whole in JSON, in columns otherwise. */
  list<Row extends object>(rows: Row[], columns: Column<Row>[], { total, nextCursor = null }: ListOptions = {}): void {
    if (this.#flags.jsonl) {
      this.#lines(rows.map((row) => JSON.stringify(this.#picked(row))))
      return
    }
    if (this.#flags.json) {
      this.#json({
        data: rows.map((row) => this.#picked(row)),
        next_cursor: nextCursor,
        total: total ?? rows.length,
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

  /** One object: whole in JSON, or the lines that operators read. With --fields, their values alone. */
  object(value: object, lines: string[]): void {
    if (this.#flags.json || this.#flags.jsonl) this.#json(this.#picked(this.#marked(value)))
    else this.#lines(this.#said([value], lines))
  }

  /** Numbers: one object in JSON, rows in a pipe, and lines on a terminal. */
  figures<Row extends object>(
    value: object,
    { rows, columns }: { rows: Row[]; columns: Column<Row>[] },
    lines: string[],
  ): void {
    if (this.#flags.jsonl || (this.#isPlain() && !this.#flags.json)) this.list(rows, columns)
    else this.object(value, lines)
  }

  /** Several objects: a list in JSON, or the lines that operators read. */
  many(values: object[], lines: string[]): void {
    const shown = values.map((value) => this.#picked(this.#marked(value)))
    if (this.#flags.jsonl) this.#lines(shown.map((value) => JSON.stringify(value)))
    else if (this.#flags.json) this.#json({ data: shown, next_cursor: null, total: shown.length })
    else this.#lines(this.#said(values, lines))
  }

  /** What a command did to each thing. */
  changes(changes: Change[]): void {
    const values = changes.map(({ resource, isChanged }) => ({ ...resource, changed: isChanged }))
    const lines = changes.map(({ text }) => text)
    const [only] = values
    if (only && values.length === 1) this.object(only, lines)
    else this.many(values, lines)
  }

  /** One line of a stream. */
  line(value: object, text: string): void {
    const isText = !this.#flags.json && !this.#flags.jsonl && (this.#stdout.isTTY || this.#flags.plain)
    this.#lines([isText ? text : JSON.stringify(this.#picked(value))])
  }

  text(text: string): void {
    this.#write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** A message on stderr, unless -q is given. */
  hint(text: string): void {
    if (!this.#flags.quiet && !this.#isSilent) this.#stderr.write(`${text}\n`)
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
    const header = this.#flags.header ? [columns.map(({ header: name }) => name).join('\t')] : []
    const lines = rows.map((row) => columns.map((column) => this.#cell(column, row)).join('\t'))
    this.#lines([...header, ...lines])
  }

  #cell<Row>(column: Column<Row>, row: Row): string {
    const value = column.value(row)
    const text = column.isTime
      ? this.time(value === undefined || value === null ? null : String(value))
      : String(value ?? '')
    // Otherwise a tab, line break or escape in a value could forge a cell, a line or a colour.
    return text.replace(/\p{Cc}/gu, ' ')
  }

  /** Marks each object of a dry run. */
  #marked(value: object): object {
    return this.#flags['dry-run'] ? { ...value, dry_run: true } : value
  }

  #said(values: object[], lines: string[]): string[] {
    if (this.#flags['dry-run']) this.hint('Dry run: nothing was changed.')
    if (this.#flags.fields === undefined) return lines
    const columns = this.#fieldColumns()
    return values.map((value) => {
      const picked = this.#picked(this.#marked(value))
      return columns.map((column) => this.#cell(column, picked)).join('\t')
    })
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
        return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as string | undefined)
      },
    }))
  }

  #fieldNames(): string[] {
    return (this.#flags.fields ?? '').split(',').map((name) => name.trim())
  }

  #json(value: object): void {
    this.#write(`${this.#stdout.isTTY ? JSON.stringify(value, null, 2) : JSON.stringify(value)}\n`)
  }

  #write(text: string): void {
    if (!this.#isSilent) this.#stdout.write(text)
  }

  #lines(lines: string[]): void {
    if (lines.length === 0 || this.#isSilent) return
    const text = `${lines.join('\n')}\n`
    const mayPage = !this.#flags['no-pager'] && !this.#flags.plain && !this.#flags.jsonl
    if (!(mayPage && this.#terminal?.showPaged(text, this.#stdout))) this.#stdout.write(text)
  }
}
