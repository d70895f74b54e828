import { closest } from '../platform/closest.ts'
import { formatDuration, parseDuration } from '../platform/duration.ts'
import { shell } from '../platform/shell.ts'
import type { BadValue } from './kind.ts'
import type { Candidate } from './layer.ts'
import type { Key } from './schema.ts'
import { nameOfSource, type ValueSource } from './value-source.ts'

export type Parsed = { value: unknown } | { message: string; suggestion?: string }

/** Checks one value. Returns it, or one sentence about what is wrong with it, which never contains a secret. */
export function parseValue({ key, value: written, isText, source }: Candidate): Parsed {
  const value = isText && typeof written === 'string' ? key.kind.fromText(written) : written
  const result = key.kind.type.safeParse(value)
  if (result.success) return { value: result.data }
  const [issue] = result.error.issues
  const fault: BadValue = (issue?.code === 'custom' && issue.params) || {}
  const index = issue?.path[0]
  const culprit = Array.isArray(value) && typeof index === 'number' ? value[index] : value
  const suggestion =
    fault.suggestion ?? (isText && typeof written === 'string' ? adviseText(key, source, written) : advise(key, value))
  const what = fault.message ?? `expected ${key.kind.expects}, got ${key.secret ? 'something else' : show(culprit)}`
  const message = `${nameOfSource(source, key.key)}${what.startsWith('is ') ? '' : ':'} ${what}`
  return { message, ...(suggestion && { suggestion }) }
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof Date) return 'a date'
  return Array.isArray(value) ? 'a list' : 'a table'
}

/** As advise, for a variable, a flag or a setting, which have text only. */
function adviseText(key: Key, source: ValueSource, text: string): string | undefined {
  if (key.secret) return undefined
  const isVariable = source.kind === 'env' || source.kind === 'dotenv'
  const written = (value: string) => (isVariable ? shell`${[`${nameOfSource(source, key.key)}=${value}`]}` : value)
  const right = (values: string[]) => values.find((value) => key.kind.type.safeParse(key.kind.fromText(value)).success)
  switch (key.kind.name) {
    case 'duration': {
      // A duration out of range is told the range.
      const meant =
        parseDuration(text) === undefined ? right([`${text}s`, String(key.default), '90s', '1d']) : undefined
      return meant && `Write ${written(meant)}`
    }
    case 'list': {
      const meant = right([
        text
          .split(/[\s,;"'[\]]+/)
          .filter((part) => part !== '')
          .join(','),
      ])
      if (meant) return `Write ${written(meant)}`
      return Array.isArray(key.example) ? `Separate them with commas: ${written(key.example.join(','))}` : undefined
    }
    case 'boolean':
      return `Write ${written('true')} or ${written('false')}`
    case 'number':
      return undefined
    case 'text':
    case 'path': {
      const near = key.kind.options && closest(text, key.kind.options)
      return near && `Did you mean ${near}?`
    }
  }
}

/** Advises what to write, if the value shows what was meant. The key accepts what it advises. */
function advise({ name, kind, example, secret, default: usual }: Key, value: unknown): string | undefined {
  if (secret) return 'Put it in quotes'
  const accepts = (meant: unknown) => kind.type.safeParse(meant).success
  switch (kind.name) {
    case 'duration': {
      const asSeconds = typeof value === 'number' ? formatDuration(value * 1000) : ''
      if (accepts(asSeconds)) return `A number needs a unit: ${name} = "${asSeconds}" is ${value} seconds`
      if (typeof value === 'string' && parseDuration(value) !== undefined) return undefined
      const like = ['90s', '1d', String(usual)].find(accepts)
      return like && `Write it like ${name} = "${like}", with one of the units s, m, h, d, w`
    }
    case 'number':
      return typeof value === 'string' && accepts(Number(value)) && /^\d+$/.test(value)
        ? `Remove the quotes: ${name} = ${value}`
        : undefined
    case 'boolean':
      return typeof value === 'string' ? `Write ${name} = true or ${name} = false, without quotes` : undefined
    case 'list':
      if (accepts([value])) return `Put it in brackets: ${name} = [${JSON.stringify(value)}]`
      return example ? `Write it like ${name} = ${JSON.stringify(example)}` : undefined
    case 'text':
    case 'path': {
      if (typeof value !== 'string' && accepts(String(value))) return `Put it in quotes: ${name} = "${value}"`
      const near = typeof value === 'string' && kind.options ? closest(value, kind.options) : undefined
      return near && `Did you mean "${near}"?`
    }
  }
}
