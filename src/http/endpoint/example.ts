import { toRfc3339 } from '../../platform/clock.ts'

/** The part of JSON Schema that zod writes. */
export interface JsonSchema {
  type?: string | string[]
  examples?: unknown[]
  const?: unknown
  enum?: unknown[]
  default?: unknown
  anyOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: string[]
  minimum?: number
  format?: string
}

const SAMPLE_TIME = toRfc3339(Date.UTC(2026, 10, 26, 12))

/**
 * Builds an example of a schema from the examples that its fields declare; undefined if one is missing. Optional fields
 * are left out of a request, and nullable fields are null, unless they declare an example.
 */
export function exampleOf(schema: JsonSchema, io: 'input' | 'output'): unknown {
  if (schema.examples !== undefined) return schema.examples[0]
  if ('const' in schema) return schema.const
  if (schema.default !== undefined) return schema.default
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.anyOf !== undefined) return exampleOfOne(schema.anyOf, io)
  if (Array.isArray(schema.type)) return null
  if (schema.type === 'object') return exampleOfObject(schema, io)
  if (schema.type === 'array') return [exampleOf(schema.items ?? {}, io)]
  if (schema.type === 'boolean') return false
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(schema.minimum ?? 1, 1)
  return schema.format === 'date-time' ? SAMPLE_TIME : undefined
}

/** The first, or null. */
function exampleOfOne(kinds: JsonSchema[], io: 'input' | 'output'): unknown {
  const [first = {}] = kinds.filter(({ type }) => type !== 'null')
  const mayBeNull = kinds.some(({ type }) => type === 'null')
  return mayBeNull && first.examples === undefined && first.type !== 'object' ? null : exampleOf(first, io)
}

function exampleOfObject({ properties = {}, required = [] }: JsonSchema, io: 'input' | 'output'): object {
  const shown = Object.entries(properties).filter(
    ([name, { examples }]) => io === 'output' || required.includes(name) || examples !== undefined,
  )
  return Object.fromEntries(shown.map(([name, schema]) => [name, exampleOf(schema, io)]))
}
