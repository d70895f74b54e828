import { once } from 'node:events'
import { fstatSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import winston from 'winston'
import { escapeUnseen, shortened } from './plain-text.ts'
import { hideTokens } from './secret.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  level: LogLevel
  format: 'json' | 'pretty'
  stream: Writable
  /** `$JOURNAL_STREAM`. If it names this stream, each line starts with its priority. */
  journalStream?: string | undefined
  /** Milliseconds that never go back. */
  elapsed?: () => number
}

export interface ProcessLog {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
  /** Logs at any level, because an operator requested this line. */
  answer(message: string, fields?: Record<string, unknown>): void
  setLevel(level: LogLevel): void
  /**
   * Resolves when every line has been written, or after half a second if nobody reads them. process.exit() before that
   * loses lines.
   */
  flush(): Promise<void>
}

/** Nobody reads a log whose end takes longer. */
const FLUSH_MS = 500

/** The prefixes from which systemd's journal reads the priority of a line. */
const JOURNAL_PRIORITY: Record<string, string> = { error: '<3>', warn: '<4>', info: '<6>', debug: '<7>' }

/** Logs one line per entry, with winston. Secrets are removed by the name of their field and by their form. */
export function createLog({ level, format, stream, journalStream, elapsed }: LogOptions): ProcessLog {
  const summarise = outageSummary(elapsed ?? (() => performance.now()))
  const print = format === 'pretty' ? prettyLine : jsonLine
  const priorityOf = isJournal(stream, journalStream) ? JOURNAL_PRIORITY : {}
  // Keeps an entry on one line, and what a stranger sent away from terminals.
  const lineOf = (entry: winston.Logform.TransformableInfo) =>
    `${priorityOf[entry.level] ?? ''}${escapeUnseen(print(entry))}`
  const logger = winston.createLogger({
    level,
    format: winston.format.printf(lineOf),
    transports: [new winston.transports.Stream({ stream })],
    exitOnError: false,
  })
  // A line after the end of the log is lost, and not an error.
  logger.on('error', () => {})
  return {
    debug: (message, fields) => logger.debug(message, redact(fields)),
    info: (message, fields) => logger.info(message, redact(fields)),
    warn: (message, fields) => summarise(fields, (kept) => logger.warn(message, redact(kept))),
    error: (message, fields) => summarise(fields, (kept) => logger.error(message, redact(kept))),
    answer: (message, fields) => stream.write(`${lineOf({ level: 'info', message, ...redact(fields) })}\n`),
    setLevel: (next) => {
      logger.level = next
    },
    async flush() {
      const done = once(logger, 'finish')
      logger.end()
      await done
      const ended = new AbortController()
      const written = new Promise<void>((resolve) => stream.write('', () => resolve()))
      await Promise.race([written, wait(FLUSH_MS, undefined, { signal: ended.signal }).catch(() => undefined)])
      ended.abort()
    },
  }
}

/** An error that only says that something outside is away, such as the database. Its class sets `isOutage`. */
function outageOf(error: unknown, depth = 0): Error | undefined {
  if (!(error instanceof Error) || depth > 3) return undefined
  return 'isOutage' in error && error.isOutage === true ? error : outageOf(error.cause, depth + 1)
}

const OUTAGE_EVERY_MS = 1000

/** While something outside is away, every request fails: one line a second says why, and how many lines it stands for. */
function outageSummary(elapsed: () => number) {
  let lastAt = Number.NEGATIVE_INFINITY
  let leftOut = 0
  return (
    fields: Record<string, unknown> | undefined,
    write: (fields: Record<string, unknown> | undefined) => void,
  ) => {
    const outage = outageOf(fields?.['error'])
    if (!outage) return write(fields)
    if (elapsed() - lastAt < OUTAGE_EVERY_MS) {
      leftOut += 1
      return
    }
    lastAt = elapsed()
    write({ ...fields, error: outage.message, ...(leftOut > 0 && { similar: leftOut }) })
    leftOut = 0
  }
}

function jsonLine({ level, message, ...fields }: winston.Logform.TransformableInfo): string {
  return JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })
}

function prettyLine({ level, message, ...fields }: winston.Logform.TransformableInfo): string {
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${prettyValue(value)}`)
  return [new Date().toISOString().slice(11, 23), level.padEnd(5), String(message), ...rest].join(' ')
}

/** A text is quoted where its end would be in doubt, so that none can look like another field. */
function prettyValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

const SECRET_NAME = /secret|password|token|authorization|cookie|code_mac|digest|credential|seed|^code$|private/i
const EMAIL = /\b([A-Za-z0-9])[A-Za-z0-9._%+-]*@([A-Za-z0-9.-]+\.[A-Za-z]{2,})\b/g

function redact(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, clean(name, value, 0)]))
}

function clean(name: string, value: unknown, depth: number): unknown {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return value
  if (SECRET_NAME.test(name)) return '[redacted]'
  if (typeof value === 'string') return cleanText(value)
  if (value instanceof Error) return cleanError(value, depth)
  if (depth > 4) return '[deep]'
  if (Array.isArray(value)) return value.map((item) => clean('', item, depth + 1))
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(key, inner, depth + 1)]))
  }
  return String(value)
}

/** Only known fields are shown, because PostgreSQL's `detail` contains the value of a violated key. */
function cleanError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error
  const code = 'code' in error ? String(error.code) : undefined
  return {
    name,
    message: cleanText(message),
    ...(code !== undefined && { code }),
    stack: cleanText(stack ?? ''),
    ...(cause !== undefined && depth < 3 && { cause: clean('cause', cause, depth + 1) }),
  }
}

/** A long text from a stranger is cut, so that it does not fill the disk. */
const TEXT_MAX = 4000

function cleanText(text: string): string {
  return shortened(hideTokens(text).replace(EMAIL, '$1…@$2'), TEXT_MAX)
}

function isJournal(stream: Writable, journal: string | undefined): boolean {
  const fd = 'fd' in stream && typeof stream.fd === 'number' ? stream.fd : undefined
  if (fd === undefined || journal === undefined) return false
  const { dev, ino } = fstatSync(fd)
  return journal === `${dev}:${ino}`
}
