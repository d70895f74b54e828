import { z } from 'zod'

/** The part of JSON Schema that the document uses. */
export interface JsonSchema {
  $ref?: string
  type?: string | string[]
  description?: string
  examples?: unknown[]
  const?: unknown
  enum?: unknown[]
  /** The values known today, where more may be added. */
  'x-extensible-enum'?: unknown[]
  default?: unknown
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  discriminator?: { propertyName: string; mapping?: Record<string, string> }
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: JsonSchema | boolean
  propertyNames?: JsonSchema
  minimum?: number
  maximum?: number
  format?: string
  pattern?: string
}

type Definitions = Readonly<Record<string, JsonSchema>>

/** What a schema describes. Requests are strict. Answers are open: fields and values may be added to them. */
export type Io = 'input' | 'output'

const COMPONENTS = '#/components/schemas/'
const DEFINITIONS = '#/$defs/'

/** The name that a reference leads to. */
function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

/** A schema as zod writes it, with the named schemas (`.meta({ id })`) that it refers to. */
export function rawSchema(schema: z.ZodType, io: Io): { root: JsonSchema; definitions: Definitions } {
  const written: object = z.toJSONSchema(z.object({ root: schema }), {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema: { _zod: zod }, jsonSchema }) => {
      const propertyName = 'discriminator' in zod.def ? String(zod.def.discriminator) : undefined
      if (propertyName !== undefined) Object.assign(jsonSchema, { discriminator: { propertyName } })
    },
  })
  const { properties, $defs } = written as { properties: { root: JsonSchema }; $defs?: Definitions }
  return { root: properties.root, definitions: $defs ?? {} }
}

/** The named parts of a document. */
export class Components {
  readonly responses: Record<string, object> = {}
  readonly requestBodies: Record<string, object> = {}
  readonly #schemas: Record<string, JsonSchema> = {}
  readonly #examples: Record<string, { examples: unknown[] }> = {}

  get schemas(): Record<string, JsonSchema> {
    return Object.fromEntries(
      Object.entries(this.#schemas).map(([name, schema]) => [name, { ...schema, ...this.#examples[name] }]),
    )
  }

  /** A schema in terms of OpenAPI. Named schemas become references. `name` is for a schema without a name. */
  schemaOf(schema: z.ZodType, io: Io, name?: string): JsonSchema {
    const { root, definitions } = rawSchema(schema, io)
    for (const [own, definition] of Object.entries(definitions)) {
      add(this.#schemas, own, translate(definition, io, definitions))
    }
    const translated = translate(root, io, definitions)
    if (name === undefined || translated.$ref !== undefined) return translated
    add(this.#schemas, name, translated)
    return { $ref: COMPONENTS + name }
  }

  /** Shows an example of a whole schema with the schema that a reference leads to. */
  exemplify({ $ref, items }: JsonSchema, example: unknown): void {
    if ($ref !== undefined) this.#examples[nameOf($ref)] = { examples: [example] }
    else if (items && Array.isArray(example)) this.exemplify(items, example[0])
  }

  response(name: string, response: object): { $ref: string } {
    add(this.responses, name, response)
    return { $ref: `#/components/responses/${name}` }
  }

  requestBody(name: string, body: object): { $ref: string } {
    add(this.requestBodies, name, body)
    return { $ref: `#/components/requestBodies/${name}` }
  }
}

/** Throws if another part has this name. */
function add<Part extends object>(parts: Record<string, Part>, name: string, part: Part): void {
  const known = parts[name]
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(part)) {
    throw new Error(`Two parts of the OpenAPI document are named ${name}.`)
  }
  parts[name] = part
}

function translate(schema: JsonSchema, io: Io, definitions: Definitions): JsonSchema {
  const { anyOf, items, properties, propertyNames: _, additionalProperties: more, discriminator, ...rest } = schema
  if (rest.$ref !== undefined) return { ...rest, $ref: COMPONENTS + nameOf(rest.$ref) }
  const inner = (one: JsonSchema) => translate(one, io, definitions)
  if (anyOf !== undefined) {
    // The first kind is described, because its description also gets the known values.
    const { description, ...about } = rest
    const [first = {}, ...others] = anyOf
    return mergeKinds(
      [inner({ ...first, ...(description !== undefined && { description }) }), ...others.map(inner)],
      about,
    )
  }
  return {
    ...translateValue(rest, io),
    ...(rest.oneOf && { oneOf: rest.oneOf.map(inner) }),
    ...(discriminator && { discriminator: withMapping(discriminator.propertyName, rest.oneOf ?? [], definitions) }),
    ...(items && { items: inner(items) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, inner(one)])),
    }),
    ...(typeof more === 'object' && { additionalProperties: Object.keys(more).length === 0 ? true : inner(more) }),
    ...(more === false && io === 'input' && { additionalProperties: false }),
  }
}

/** Zod writes the whole pattern of a time, and the bounds of safe integers. Answers have one example of the whole. */
function translateValue(schema: JsonSchema, io: Io): JsonSchema {
  const { enum: values, pattern, minimum, maximum, examples, ...rest } = schema
  return {
    ...rest,
    ...(examples && io === 'input' && { examples }),
    ...([rest.type].flat().includes('integer') && { format: 'int64' }),
    ...(minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { minimum }),
    ...(maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER && { maximum }),
    ...(pattern !== undefined && !(rest.format === 'date-time' && io === 'output') && { pattern }),
    ...(values && (io === 'input' ? { enum: values } : openValues(values, rest))),
  }
}

function openValues(values: unknown[], { description }: JsonSchema): JsonSchema {
  const list = `Values: ${values.map((value) => `\`${value}\``).join(', ')}. More may be added.`
  return { description: description === undefined ? list : `${description} ${list}`, 'x-extensible-enum': values }
}

/** Plain kinds, of which one is often null, as one schema with several types. */
function mergeKinds(kinds: JsonSchema[], about: JsonSchema): JsonSchema {
  if (kinds.some(({ $ref }) => $ref !== undefined)) return { ...about, oneOf: kinds }
  const merged: JsonSchema = Object.assign({}, ...kinds, about)
  const values = merged.enum && { enum: [...merged.enum, null] }
  return { ...merged, ...values, type: kinds.flatMap(({ type = [] }) => type) }
}

function withMapping(propertyName: string, branches: JsonSchema[], definitions: Definitions) {
  const mapping = branches.map(({ $ref = '' }) => {
    const value = definitions[nameOf($ref)]?.properties?.[propertyName]?.const
    if (typeof value !== 'string') throw new Error(`A branch needs a name, and one text as its ${propertyName}.`)
    return [value, COMPONENTS + nameOf($ref)]
  })
  return { propertyName, mapping: Object.fromEntries(mapping) }
}

/** Where named schemas of zod are. */
export function definitionOf({ $ref }: JsonSchema, definitions: Definitions): JsonSchema | undefined {
  return $ref?.startsWith(DEFINITIONS) ? definitions[nameOf($ref)] : undefined
}
