import { z } from 'zod'
import { sample } from '../../resources/shared-fields.ts'
import { type Answer, type AnyEndpoint, endpoint } from '../endpoint/endpoint.ts'
import { TAGS } from '../endpoint/tags.ts'
import { oauthErrorResource, problemResource } from './failure.ts'
import { HEADER_COMPONENTS } from './header.ts'
import { operationOf } from './operation.ts'
import { Components } from './schema.ts'
import { webhooksOf } from './webhooks.ts'

interface About {
  publicUrl: string
  version: string
}

/** The OpenAPI 3.1 document, made from the same declarations as the router. */
export function openApiDocument(endpoints: AnyEndpoint[], { publicUrl, version }: About) {
  const components = new Components()
  for (const error of [problemResource, oauthErrorResource]) components.schemaOf(error, 'output')
  const paths: Record<string, Record<string, unknown>> = {}
  for (const declared of endpoints) {
    const path = declared.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [declared.method.toLowerCase()]: operationOf(declared, components) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'authd',
      version,
      summary: 'Passwordless sign-in for your own applications.',
      description: DESCRIPTION,
      contact: { name: 'The operator of this deployment', url: publicUrl },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: webhooksOf(components),
    components: {
      schemas: components.schemas,
      headers: HEADER_COMPONENTS,
      responses: components.responses,
      requestBodies: components.requestBodies,
      securitySchemes: securitySchemes(publicUrl),
    },
  }
}

const DESCRIPTION = [
  'Requests with unknown fields are rejected.',
  'Fields and values may be added to answers and events, so clients ignore those that they do not know.',
  'Times are RFC 3339 in UTC.',
  'An error is a `Problem`: programs read its `code`.',
].join(' ')

function securitySchemes(publicUrl: string) {
  const isHttps = publicUrl.startsWith('https:')
  return {
    session: {
      type: 'apiKey',
      in: 'cookie',
      name: isHttps ? '__Host-authd' : 'authd',
      description: 'The cookie of a session. Changes must come from a page of authd or of a listed origin.',
    },
    checkCookie: {
      type: 'apiKey',
      in: 'cookie',
      name: isHttps ? '__Secure-authd-check' : 'authd-check',
      description: 'The cookie that apps on sibling hosts get, with `session.cookie_domain`.',
    },
    accessToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The access token of a session.',
    },
    apiKey: { type: 'http', scheme: 'bearer', description: '`key_…`, made by `authd api-keys create`.' },
    apiKeyBasic: { type: 'http', scheme: 'basic', description: 'Any user name, with an API key as the password.' },
  }
}

/** `GET /openapi.json`. The document is made at the first request and includes this route. */
export function openApiEndpoint(endpoints: AnyEndpoint[], about: About): AnyEndpoint {
  let text: string | undefined
  const self = endpoint({
    name: 'getOpenApi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'Return this document.',
    tag: 'Documents',
    guard: 'none',
    publicMaxAge: 300,
    answers: {
      200: {
        text: 'The OpenAPI 3.1 document.',
        schema: z
          .looseObject({ openapi: sample('3.1.0').describe('The version of OpenAPI.') })
          .meta({ id: 'OpenApiDocument', description: 'This document.' }),
      },
    },
    async handle(): Promise<Answer> {
      text ??= JSON.stringify(openApiDocument([...endpoints, self], about))
      return { status: 200, body: text }
    },
  })
  return self
}
