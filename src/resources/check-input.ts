import type { z } from 'zod'

/** Parses a value. Every fault is a sentence that says what to write. zod's own texts are for developers. */
export function checkInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  return schema.safeParse(value, { error: sentenceOf })
}

const OTHER = 'Write a value that the API documentation allows.'

/** The sentence for a fault whose schema has none of its own. */
function sentenceOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `This is missing. Write ${nameOf(issue.expected)}.`
        : `Write ${nameOf(issue.expected)}.`
    case 'invalid_value':
      return `Write ${joined(issue.values.map((value) => JSON.stringify(value)))}.`
    case 'too_small':
      return sizeOf(issue.origin, 'at least', issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return sizeOf(issue.origin, 'at most', issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'Write it in the form that the API documentation shows.'
    case 'not_multiple_of':
      return `Write a multiple of ${issue.divisor}.`
    case 'unrecognized_keys':
      return 'Unknown field. Remove it.'
    case 'invalid_union': {
      const kinds = issue.errors.flatMap(([first]) => (first?.code === 'invalid_type' ? [nameOf(first.expected)] : []))
      return kinds.length > 0 && kinds.length === issue.errors.length ? `Write ${joined(kinds)}.` : OTHER
    }
    default:
      return OTHER
  }
}

const TYPES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

const FORMATS: Record<string, string> = {
  datetime: 'Write a time in UTC, such as 2026-11-23T12:00:00Z.',
  email: 'Write one e-mail address, such as ada@example.com.',
  url: 'Write a full URL, such as https://app.example.com/welcome.',
}

function nameOf(type: string): string {
  return TYPES[type] ?? 'a value that the API documentation allows'
}

function joined(options: string[]): string {
  const last = options.at(-1) ?? ''
  return options.length < 2 ? last : `${options.slice(0, -1).join(', ')} or ${last}`
}

function sizeOf(origin: string, counted: string, compared: string, bound: number | bigint): string {
  if (origin === 'string') return `Write ${counted} ${bound === 1 ? 'one character' : `${bound} characters`}.`
  if (origin === 'array' || origin === 'set')
    return `List ${counted} ${bound === 1 ? 'one entry' : `${bound} entries`}.`
  return `Write a number of ${compared} ${bound}.`
}
