import { z } from 'zod'
import { formatDuration, parseDuration } from '../platform/duration.ts'
import { isSampleSecret } from './sample-secret.ts'

/** Why a value is refused. Without a message the reader is told what was expected. */
export interface BadValue {
  message?: string
  suggestion?: string
}

/** What a value may be: checked by `type`, named to people by `expects`, read from the environment by `fromText`. */
export interface Kind<T> {
  readonly name: 'text' | 'path' | 'number' | 'boolean' | 'duration' | 'list'
  readonly type: z.ZodType<T>
  /** Ends the sentence "expected …". */
  readonly expects: string
  /** Answers the text itself where it cannot be read; `type` then refuses it. */
  readonly fromText: (text: string) => unknown
  /** What may be written, where that is a short list. */
  readonly options?: readonly string[]
}

export function text(expects: string, check: (text: string) => BadValue | undefined): Kind<string> {
  const type = z.string().superRefine((value, context) => {
    const refusal = check(value)
    if (!refusal) return
    // In params, since zod puts a message of its own in the place of none.
    context.addIssue({ code: 'custom', params: refusal })
  })
  return { name: 'text', type, expects, fromText: (written) => written }
}

/** One line for people to read. */
export function line(maxLength: number): Kind<string> {
  return text(`one line of 1 to ${maxLength} characters`, (value) =>
    value.trim() === '' || value.length > maxLength || /\p{Cc}/u.test(value) ? {} : undefined,
  )
}

/** A file or folder. Relative ones are resolved later, when it is known where they were written. */
export function path(): Kind<string> {
  const { type } = text('', (value) => (value === '' || value.includes('\0') ? {} : undefined))
  return { name: 'path', type, expects: 'a path', fromText: (written) => written }
}

export function wholeNumber(min: number, max: number): Kind<number> {
  return {
    name: 'number',
    type: z.int().min(min).max(max),
    expects: `${min}..${max}`,
    fromText: (written) => (/^-?\d{1,15}$/.test(written) ? Number(written) : written),
  }
}

const YES = ['true', '1', 'yes', 'on']
const NO = ['false', '0', 'no', 'off']

export function yesNo(): Kind<boolean> {
  return {
    name: 'boolean',
    type: z.boolean(),
    expects: 'true or false',
    fromText: (written) => {
      const lowered = written.toLowerCase()
      return YES.includes(lowered) || (NO.includes(lowered) ? false : written)
    },
  }
}

export function oneOf<const Option extends string>(...options: Option[]): Kind<Option> {
  const quoted = options.map((option) => `"${option}"`)
  return {
    name: 'text',
    type: z.enum(options),
    expects: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
    // LOG_LEVEL=INFO is what the environment of many machines says.
    fromText: (written) => options.find((option) => option.toLowerCase() === written.toLowerCase()) ?? written,
    options,
  }
}

type Millis = number

/** Written `10m`; milliseconds in the program. */
export function duration(min: string, max: string): Kind<Millis> {
  const [least = 0, most = 0] = [parseDuration(min), parseDuration(max)]
  const type = z.string().transform((value, context) => {
    const ms = parseDuration(value)
    if (ms !== undefined && ms >= least && ms <= most) return ms
    context.addIssue({ code: 'custom' })
    return z.NEVER
  })
  return {
    name: 'duration',
    type,
    expects: `a duration from ${formatDuration(least)} to ${formatDuration(most)}`,
    fromText: (written) => written,
  }
}

/** A list in the file; in the environment, separated by commas. */
export function listOf<T>(item: Kind<T>, plural: string): Kind<readonly T[]> {
  return {
    name: 'list',
    type: z.array(item.type),
    expects: `a list of ${plural}`,
    fromText: (written) =>
      written
        .split(',')
        .map((part) => item.fromText(part.trim()))
        .filter((part) => part !== ''),
  }
}

export function secretText(minBytes: number, suggestion: string): Kind<string> {
  return text(minBytes > 1 ? `a secret of at least ${minBytes} bytes` : 'a secret', (value) => {
    if (isSampleSecret(value)) return { message: 'is a sample value that everybody knows', suggestion }
    const bytes = Buffer.byteLength(value)
    if (bytes >= minBytes) return undefined
    return { message: `is ${bytes} bytes long, but needs at least ${minBytes}`, suggestion }
  })
}
