import type { z } from 'zod'

export type Schema = z.core.JSONSchema.JSONSchema & { 'x-extensible-enum'?: (string | null)[] }

export interface Document {
  paths: Record<string, Record<string, Operation>>
  webhooks: Record<string, { post: Operation }>
  components: { schemas: Record<string, Schema>; responses: Record<string, Response> }
}

export interface Operation {
  operationId: string
  summary: string
  description: string
  security: Record<string, string[]>[]
  parameters?: { name: string; in: string; description: string; schema: Schema }[]
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, Response | { $ref: string }>
}

export interface Response {
  description: string
  headers?: Record<string, { description: string; required?: boolean; schema: Schema }>
  content?: Record<string, { schema: Schema }>
}

/** The part of the document that a reference leads to, or the part itself. Throws if the reference dangles. */
export function resolve<Part extends object>(document: object, part: Part | { $ref: string }): Part {
  if (!('$ref' in part) || typeof part.$ref !== 'string') return part as Part
  const [, ...names] = part.$ref.split('/')
  const found = names.reduce<unknown>((from, name) => (from as Record<string, unknown> | undefined)?.[name], document)
  if (found === undefined) throw new Error(`${part.$ref} leads nowhere`)
  return found as Part
}

/** The example of a body. A list is shown by one entry. */
export function exampleIn(document: object, schema: Schema): unknown {
  if (schema.items) return [exampleIn(document, schema.items as Schema)]
  return resolve<Schema>(document, schema).examples?.[0]
}

/**
 * A schema without references. The document leaves answers open for new fields and values; `isClosed` allows only those
 * that it has, as the present build may send no other.
 */
export function inlined(document: object, schema: Schema, { isClosed = false } = {}): Schema {
  const inline = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(inline)
    if (typeof one !== 'object' || one === null) return one
    const { discriminator: _, 'x-extensible-enum': known, ...rest } = resolve<Schema>(document, one as Schema)
    const isOpen = rest.properties !== undefined && rest.additionalProperties === undefined
    return {
      ...Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, VALUES.has(key) ? inner : inline(inner)])),
      ...(isClosed && isOpen && { additionalProperties: false }),
      ...(isClosed && known && { enum: [rest.type].flat().includes('null') ? [...known, null] : known }),
    }
  }
  return inline(schema) as Schema
}

/** What is not a schema, nor holds any. */
const VALUES = new Set(['examples', 'default', 'const', 'enum', 'required', 'type'])
