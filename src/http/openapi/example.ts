import type { z } from 'zod'
import { toRfc3339 } from '../../platform/clock.ts'
import { definitionOf, type Io, type JsonSchema, rawSchema } from './schema.ts'

const SAMPLE_TIME = toRfc3339(Date.UTC(2026, 10, 26, 12))

/**
 * Builds an example of a schema from the examples that its fields declare; undefined if one is missing. Optional fields
 * are left out of a request, and nullable fields are null, unless they declare an example.
 */
export function exampleOf(schema: z.ZodType, io: Io): unknown {
  const { root, definitions } = rawSchema(schema, io)
  const exampleFrom = (one: JsonSchema): unknown => {
    const named = definitionOf(one, definitions)
    if (named !== undefined) return exampleFrom(named)
    if (one.examples !== undefined) return one.examples[0]
    if ('const' in one) return one.const
    if (one.default !== undefined) return one.default
    if (one.enum !== undefined) return one.enum[0]
    if (one.oneOf !== undefined) return exampleFrom(one.oneOf[0] ?? {})
    if (one.anyOf !== undefined) return exampleOfAny(one.anyOf)
    if (Array.isArray(one.type)) return null
    if (one.type === 'object') return exampleOfObject(one)
    if (one.type === 'array') return [exampleFrom(one.items ?? {})]
    if (one.type === 'boolean') return false
    if (one.type === 'integer' || one.type === 'number') return Math.max(one.minimum ?? 1, 1)
    return one.format === 'date-time' ? SAMPLE_TIME : undefined
  }
  /** The first, or null. */
  const exampleOfAny = (kinds: JsonSchema[]): unknown => {
    const [first = {}] = kinds.filter(({ type }) => type !== 'null')
    const mayBeNull = kinds.some(({ type }) => type === 'null')
    return mayBeNull && first.examples === undefined && first.type !== 'object' ? null : exampleFrom(first)
  }
  const exampleOfObject = ({ properties = {}, required = [] }: JsonSchema): object => {
    const shown = Object.entries(properties).filter(
      ([name, { examples }]) => io === 'output' || required.includes(name) || examples !== undefined,
    )
    return Object.fromEntries(shown.map(([name, one]) => [name, exampleFrom(one)]))
  }
  return exampleFrom(root)
}
