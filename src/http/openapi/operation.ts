import { z } from 'zod'
import type { Guard } from '../../flows/sessions/guard.ts'
import { idField, sample } from '../../resources/shared-fields.ts'
import { type AnyEndpoint, isForBackends, mayHaveKey } from '../endpoint/endpoint.ts'
import { CHECKABLE } from '../middleware/identify.ts'
import type { BodyType } from '../request/body.ts'
import { CLIENT_HEADER } from '../request/context.ts'
import { KEY_HEADER } from '../request/repeatable.ts'
import { exampleOf } from './example.ts'
import { failures } from './failure.ts'
import { type HeaderName, headersFor, RATE_LIMIT } from './header.ts'
import type { Components, Io, JsonSchema } from './schema.ts'

const MEDIA_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const

/** The operation of a route. Schemas that have names are added to the components. */
export function operationOf(declared: AnyEndpoint, components: Components) {
  const parameters = [...pathParameters(declared.path, components), ...queryParameters(declared, components)]
  if (isForBackends(declared)) parameters.push(CLIENT_PARAMETER)
  if (mayHaveKey(declared)) parameters.push(KEY_PARAMETER)
  return {
    operationId: declared.name,
    summary: declared.summary,
    description: needOf(declared),
    tags: [declared.tag],
    security: securityOf(declared),
    ...(parameters.length > 0 && { parameters }),
    ...(declared.body && { requestBody: requestBody(declared.name, declared.body, components) }),
    responses: responsesOf(declared, components),
  }
}

/** `redeemCode` → `RedeemCode`: the beginning of the names of its schemas. */
function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

const NO_COOKIE_TOKEN = 'Not one of `POST /v1/token`.'

const NEEDS: Record<Guard & string, string> = {
  none: 'Needs no credential.',
  session: 'Needs a session: its cookie, or an access token.',
  cookie: 'Needs the cookie of a session.',
  change: `Needs a session: its cookie, or an access token that was issued after a step-up. ${NO_COOKIE_TOKEN}`,
  enrol: `Needs a session: its cookie, or an access token that was issued after a step-up. ${NO_COOKIE_TOKEN} A session that must set up a second factor first is enough.`,
  any_session:
    'Needs a session: its cookie, or an access token. A session that must set up or prove a second factor first is enough.',
  step_up: `Needs a session: its cookie, or an access token. ${NO_COOKIE_TOKEN} A session that must set up or prove a second factor first is enough.`,
}

function needOf(declared: AnyEndpoint): string {
  if (isForBackends(declared)) {
    return `${NEEDS.none} A backend that calls it for a user sends an API key with the scope \`signin\`, and the user's address in \`${CLIENT_HEADER}\`.`
  }
  const { guard } = declared
  return typeof guard === 'object' ? `Needs an API key with the scope \`${guard.scope}\`.` : NEEDS[guard]
}

/** The names of `securitySchemes` in document.ts. */
function securityOf(declared: AnyEndpoint): Record<string, string[]>[] {
  const { guard, path } = declared
  if (isForBackends(declared)) return [{}, { apiKey: [] }, { apiKeyBasic: [] }]
  if (guard === 'none') return []
  if (typeof guard === 'object') return [{ apiKey: [] }, { apiKeyBasic: [] }]
  if (guard === 'cookie') return [{ session: [] }]
  return [{ session: [] }, { accessToken: [] }, ...(CHECKABLE.has(path) ? [{ checkCookie: [] }] : [])]
}

/** The kind of id in a path, by the word before it. */
const SUBJECTS: Record<string, { text: string; schema: z.ZodType }> = {
  users: { text: 'The id of the user.', schema: idField('usr') },
  sessions: { text: 'The id of the session.', schema: idField('ses') },
  passkeys: { text: 'The id of the passkey.', schema: idField('pk') },
  audit: { text: 'The id of the event.', schema: idField('evt') },
  ipfilters: { text: 'The id of the rule.', schema: idField('ipf') },
  settings: { text: 'The key of the setting.', schema: sample('signup.policy') },
  mail: { text: 'The id of the mail.', schema: idField('msg') },
  webhooks: { text: 'The id of the endpoint.', schema: idField('whe') },
  'webhook-deliveries': { text: 'The id of the delivery.', schema: idField('whd') },
}

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  description: string | undefined
  required: boolean
  schema: JsonSchema
}

const CLIENT_PARAMETER: Parameter = {
  name: CLIENT_HEADER,
  in: 'header',
  description: 'The address of the user that a backend with an API key acts for.',
  required: false,
  schema: { type: 'string', examples: ['198.51.100.20'] },
}

const KEY_PARAMETER: Parameter = {
  name: KEY_HEADER,
  in: 'header',
  description:
    'A random text of 16 to 255 visible ASCII characters, such as a UUID, that is new for each request and the same when you retry it (draft-ietf-httpapi-idempotency-key-header). For 10 minutes, the same key, query, body and caller get the first answer again, and nothing is done twice. Treat it as a secret.',
  required: false,
  schema: { type: 'string', examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'] },
}

function pathParameters(path: string, components: Components): Parameter[] {
  return [...path.matchAll(/([\w-]+)\/:(\w+)/g)].map(([, of = '', name = '']) => {
    const subject = SUBJECTS[of]
    if (!subject) throw new Error(`openapi/operation.ts has no kind of id for ${path}.`)
    const schema = components.schemaOf(subject.schema, 'input')
    return { name, in: 'path', description: subject.text, required: true, schema }
  })
}

function queryParameters({ query }: AnyEndpoint, components: Components): Parameter[] {
  const { properties = {}, required = [] } = query ? components.schemaOf(query, 'input') : {}
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    description,
    required: required.includes(name),
    schema,
  }))
}

/** An empty body counts as `{}`, so a body is required if a field is. */
function requestBody(name: string, { type, schema, also }: NonNullable<AnyEndpoint['body']>, components: Components) {
  const named = (of: BodyType) => titled(name) + (of === 'json' ? 'Request' : 'Form')
  const other = type === 'json' ? 'form' : 'json'
  return {
    required: !schema.safeParse({}).success,
    content: {
      [MEDIA_TYPES[type]]: media(schema, 'input', components, named(type)),
      ...(also && { [MEDIA_TYPES[other]]: media(also, 'input', components, named(other)) }),
    },
  }
}

function responsesOf(declared: AnyEndpoint, components: Components) {
  const own = successes(declared, components)
  const failed = failures(declared)
  // A status that is both an answer and an error (503 of /readiness) has the content of both.
  const shared = failed.filter(({ status }) => status in own)
  const both = shared.map(({ status, response }) => [
    status,
    {
      ...own[status],
      headers: { ...own[status]?.headers, ...response.headers },
      content: { ...own[status]?.content, ...response.content },
    },
  ])
  const errors = failed.map(({ status, name, response }) => [status, components.response(name, response)])
  return { ...Object.fromEntries(errors), ...own, ...Object.fromEntries(both) }
}

type Responses = Record<string, { description: string; headers?: object; content?: object }>

function successes(declared: AnyEndpoint, components: Components): Responses {
  const { name, answers, publicMaxAge } = declared
  const isCached = publicMaxAge !== undefined
  const own = Object.entries(answers).map(([status, { text, schema, headers, contentType = 'application/json' }]) => {
    const content = schema && { [contentType]: media(schema, 'output', components, `${titled(name)}Result`) }
    const shared: HeaderName[] = [
      ...(isCached ? (['ETag'] as const) : []),
      ...(isCounted(declared) ? RATE_LIMIT : []),
      ...(maySetCookies(declared) ? (['Set-Cookie'] as const) : []),
    ]
    const special = { ...(headers && headersOf(headers, components)), ...headersFor(...shared) }
    return [
      status,
      { description: text, ...(Object.keys(special).length > 0 && { headers: special }), ...(content && { content }) },
    ]
  })
  const cached = {
    304: { description: 'The document still has the `ETag` of `If-None-Match`.', headers: headersFor('ETag') },
  }
  return { ...Object.fromEntries(own), ...(isCached && cached) }
}

/** Whether what it answers can have counted against the limit of an address; see flows/limits/request-limits.ts. */
function isCounted({ guard, limit }: AnyEndpoint): boolean {
  return limit === 'stranger' || limit === 'guess' || (guard === 'none' && limit !== 'failure')
}

/** Whether it takes part in a sign-in for a cookie, or changes the session of one. */
function maySetCookies({ method, guard, cookies }: AnyEndpoint): boolean {
  return method !== 'GET' && (cookies !== undefined || (guard !== 'none' && typeof guard !== 'object'))
}

/** From an object of the headers that a response may have. */
function headersOf(schema: z.ZodType, components: Components): object {
  const { properties = {}, required = [] } = components.schemaOf(schema, 'output')
  const headers = Object.entries(properties).map(([name, { description, ...of }]) => [
    name,
    { description, required: required.includes(name), schema: of },
  ])
  return Object.fromEntries(headers)
}

/** The schema of a body, which gets an example, or of a list. */
function media(schema: z.ZodType, io: Io, components: Components, name: string): { schema: JsonSchema } {
  const found = components.schemaOf(schema, io, schema instanceof z.ZodArray ? undefined : name)
  components.exemplify(found, exampleOf(schema, io))
  return { schema: found }
}
