import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../errors.ts'
import type { Guard } from '../../flows/sessions/guard.ts'
import { idField, sample } from '../../resources/field.ts'
import { type Answer, type AnyEndpoint, endpoint, isForBackends } from './endpoint.ts'
import { exampleOf } from './example.ts'

/** Errors that every route may return: malformed requests, limits, and server faults. */
const EVERYWHERE = [
  'BAD_REQUEST',
  'ADDRESS_BLOCKED',
  'MISDIRECTED_REQUEST',
  'RATE_LIMITED',
  'INTERNAL_ERROR',
  'UNAVAILABLE',
] as const
const WITH_BODY = ['VALIDATION_ERROR', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const

const problem = z.strictObject({
  type: z.url(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERRORS) as [string, ...string[]]),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
  request_id: z.string(),
})

const oauthProblem = z.strictObject({ error: z.string(), error_description: z.string() })

/** The OpenAPI 3.1 document, made from the same declarations as the router. */
export function openApiDocument(
  endpoints: AnyEndpoint[],
  { publicUrl, version }: { publicUrl: string; version: string },
) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const declared of endpoints) {
    const path = declared.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [declared.method.toLowerCase()]: operation(declared) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'authd',
      version,
      summary: 'Passwordless sign-in for your own applications.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: schemaOf(problem, 'output'), OAuthError: schemaOf(oauthProblem, 'output') },
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'http', scheme: 'bearer', description: '`key_…`, made by `authd api-keys create`.' },
        session: { type: 'apiKey', in: 'cookie', name: publicUrl.startsWith('https:') ? '__Host-authd' : 'authd' },
      },
    },
  }
}

function operation(declared: AnyEndpoint) {
  const parameters = [...pathParameters(declared.path), ...queryParameters(declared.query)]
  return {
    operationId: declared.name,
    summary: declared.summary,
    tags: [declared.tag],
    security: securityOf(declared.guard),
    ...(parameters.length > 0 && { parameters }),
    ...(declared.body && {
      requestBody: { content: bodyContent(declared.body) },
    }),
    responses: merge(successes(declared), failures(declared)),
  }
}

type Responses = Record<
  string,
  { description: string; content?: Record<string, { schema: unknown; example?: unknown }> }
>

/** A status that is both an answer and an error of a route (503 of /readiness) has the content of both. */
function merge(own: Responses, failed: Responses): Responses {
  const shared = Object.keys(own).filter((status) => status in failed)
  const both = shared.map((status) => [
    status,
    { ...own[status], content: { ...own[status]?.content, ...failed[status]?.content } },
  ])
  return { ...own, ...failed, ...Object.fromEntries(both) }
}

function successes({ answers, publicMaxAge }: AnyEndpoint): Responses {
  const cached = { 304: { description: 'The document still has the `ETag` of `If-None-Match`.' } }
  return { ...own(answers), ...(publicMaxAge !== undefined && cached) }
}

function own(answers: AnyEndpoint['answers']): Responses {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { text, schema, contentType = 'application/json' }]) => [
      status,
      { description: text, ...(schema && { content: { [contentType]: media(schema, 'output') } }) },
    ]),
  )
}

function failures(declared: AnyEndpoint): Responses {
  const codes = [
    ...EVERYWHERE,
    ...(declared.body ? WITH_BODY : []),
    ...(declared.guard === 'none' ? [] : ofGuard(declared.guard, declared.path)),
    ...(isForBackends(declared) ? (['UNAUTHORIZED'] as const) : []),
    ...(declared.errors ?? []),
    ...(isCookieChange(declared) ? CROSS_SITE : []),
  ]
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status)
  const { type = 'json', also } = declared.body ?? {}
  const content = {
    ...((type === 'json' || also) && { 'application/problem+json': refTo('Problem') }),
    ...((type === 'form' || also) && { 'application/json': refTo('OAuthError') }),
  }
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => [status, { description: [...new Set(found)].join(', '), content }]),
  )
}

function refTo(name: string) {
  return { schema: { $ref: `#/components/schemas/${name}` } }
}

/** The errors that a guard may raise. */
function ofGuard(guard: Guard, path: string): ErrorCode[] {
  // Without an admin key in force, the admin API answers 404.
  if (typeof guard === 'object') return ['UNAUTHORIZED', 'FORBIDDEN', ...(path.startsWith('/admin') ? NOT_FOUND : [])]
  return ['UNAUTHORIZED', 'ENROLMENT_REQUIRED', ...(guard === 'change' || guard === 'enrol' ? STEP_UP : [])]
}

const STEP_UP: ErrorCode[] = ['STEP_UP_REQUIRED']
const NOT_FOUND: ErrorCode[] = ['NOT_FOUND']
const CROSS_SITE: ErrorCode[] = ['CROSS_SITE_REQUEST']

/** A change with a cookie must come from authd's own pages or a listed origin; see middleware/identify.ts. */
function isCookieChange({ method, guard, cookies }: AnyEndpoint): boolean {
  return method !== 'GET' && typeof guard !== 'object' && (guard !== 'none' || cookies !== undefined)
}

/** The kind of id in a path, by the word before it. */
const SUBJECTS: Record<string, z.ZodType> = {
  users: idField('usr'),
  sessions: idField('ses'),
  passkeys: idField('pk'),
  audit: idField('evt'),
  ipfilters: idField('ipf'),
  settings: sample('signup.policy'),
  mail: idField('msg'),
  webhooks: idField('whe'),
  'webhook-deliveries': idField('whd'),
}

function pathParameters(path: string) {
  return [...path.matchAll(/([\w-]+)\/:(\w+)/g)].map(([, of = '', name]) => {
    const schema = schemaOf(SUBJECTS[of] ?? z.string(), 'input')
    return { name, in: 'path', required: true, schema }
  })
}

function queryParameters(query: z.ZodType | undefined) {
  if (!query) return []
  const { properties = {}, required = [] } = schemaOf(query, 'input') as {
    properties?: Record<string, unknown>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function securityOf(guard: Guard): Record<string, string[]>[] {
  if (guard === 'none') return []
  return typeof guard === 'string' ? [{ session: [] }, { accessToken: [] }] : [{ apiKey: [] }]
}

function bodyContent({ type, schema, also }: NonNullable<AnyEndpoint['body']>) {
  const other = type === 'json' ? 'form' : 'json'
  return {
    [mediaType(type)]: media(schema, 'input'),
    ...(also && { [mediaType(other)]: media(also, 'input') }),
  }
}

function mediaType(type: 'json' | 'form'): string {
  return type === 'json' ? 'application/json' : 'application/x-www-form-urlencoded'
}

/** The schema of a body, with an example. */
function media(schema: z.ZodType, io: 'input' | 'output'): { schema: unknown; example?: unknown } {
  const found = schemaOf(schema, io)
  return { schema: found, example: exampleOf(found, io) }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

/** `GET /openapi.json`. The document is made at the first request and includes this route. */
export function openApiEndpoint(endpoints: AnyEndpoint[], about: { publicUrl: string; version: string }): AnyEndpoint {
  let text: string | undefined
  const self = endpoint({
    name: 'getOpenApi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'Return this document.',
    tag: 'Documents',
    guard: 'none',
    publicMaxAge: 300,
    answers: { 200: { text: 'The OpenAPI 3.1 document.', schema: z.looseObject({ openapi: sample('3.1.0') }) } },
    async handle(): Promise<Answer> {
      text ??= JSON.stringify(openApiDocument([...endpoints, self], about))
      return { status: 200, body: text }
    },
  })
  return self
}
