import { z } from 'zod'
import { formatDuration, parseDuration } from '../platform/duration.ts'
import { unplainIn } from '../platform/plain-text.ts'
import { isSampleSecret } from './sample-secret.ts'

/** Why a value is invalid. Without a message, the report says what was expected. */
export interface BadValue {
  message?: string
  suggestion?: string
}

/**
 * The allowed values of a key: `type` checks them, `expects` describes them, `fromText` reads them from the
 * environment.
 */
export interface Kind<T> {
  readonly name: 'text' | 'path' | 'number' | 'boolean' | 'duration' | 'list'
  readonly type: z.ZodType<T>
  /** Ends the sentence "expected …". */
  readonly expects: string
  /** Returns the text unchanged if it cannot be read. `type` then rejects it. */
  readonly fromText: (text: string) => unknown
  /** The allowed texts, if they are a short list. */
  readonly options?: readonly string[]
}

export function text(expects: string, check: (text: string) => BadValue | undefined): Kind<string> {
  const type = z.string().superRefine((value, context) => {
    const fault = check(value)
    if (!fault) return
    // In params, because zod replaces a missing message with its own.
    context.addIssue({ code: 'custom', params: fault })
  })
  return { name: 'text', type, expects, fromText: (written) => written }
}

/** One line for people to read. */
export function line(maxLength: number): Kind<string> {
  return text(`one line of 1 to ${maxLength} characters`, (value) => {
    const unplain = unplainIn(value)
    if (unplain !== undefined) {
      return {
        message: `contains ${unplain}, which is invisible or changes how text is displayed`,
        suggestion: 'Remove it',
      }
    }
    return value.trim() === '' || value.length > maxLength ? {} : undefined
  })
}

/** A file or folder. Relative paths are resolved later, because they depend on their source. */
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
    // Many environments set LOG_LEVEL=INFO.
    fromText: (written) => options.find((option) => option.toLowerCase() === written.toLowerCase()) ?? written,
    options,
  }
}

type Millis = number

/** Written as `10m`. The program gets milliseconds. */
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

export const MAKE_ONE = 'Make one with: openssl rand -base64 32'

export function secretText(minBytes: number, suggestion = MAKE_ONE): Kind<string> {
  return text(minBytes > 1 ? `a secret of at least ${minBytes} bytes` : 'a secret', (value) => {
    if (isSampleSecret(value)) return { message: 'is a sample value that everybody knows', suggestion }
    const bytes = Buffer.byteLength(value)
    if (bytes >= minBytes) return undefined
    return { message: `is ${bytes} bytes long, but needs at least ${minBytes}`, suggestion }
  })
}
