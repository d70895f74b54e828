import { z } from 'zod'
import { issueCookieToken } from '../../flows/sessions/access-token.ts'
import { introspectToken, refreshExpiry } from '../../flows/sessions/introspection.ts'
import { refreshTokens, revokeToken } from '../../flows/sessions/token.ts'
import { introspectionResource } from '../../resources/introspection.ts'
import { accessTokenResource, presentAccessToken, presentTokens, tokensResource } from '../../resources/tokens.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { UNSUPPORTED_GRANT } from '../request/body.ts'

/**
 * z.object on purpose: OAuth calls ignore unknown parameters, such as `client_id` (RFC 6749 §3.2). Other bodies are
 * strict. A token of any length and form is answered as a token, because a client gives up only one that it knows to be
 * invalid.
 */
const tokenForm = z.object({
  token: z
    .string()
    .min(1)
    .meta({ examples: ['eyJhbGciOiJFUzI1NiIs…'] })
    .describe('An access or refresh token.'),
  token_type_hint: z.string().optional().describe('Ignored: authd recognizes its tokens.'),
})
const tokenBody = { type: 'form', schema: tokenForm, also: z.strictObject(tokenForm.shape) } as const

const refreshToken = z
  .string()
  .min(1)
  .meta({ examples: ['rt_01m88jw08vedqtrgrr9eqkmg57.1.…'] })
  .describe('The newest refresh token of the session.')

/** The form that OAuth libraries send (RFC 6749 §6). z.object on purpose: `client_id` and `scope` are ignored. */
const refreshForm = z.object({
  grant_type: z
    .string()
    .refine((type) => type === 'refresh_token', {
      message: 'This is not supported. Use refresh_token.',
      params: { code: UNSUPPORTED_GRANT },
    })
    .meta({ examples: ['refresh_token'] })
    .describe('Always `refresh_token`.'),
  refresh_token: refreshToken,
})

const refresh = endpoint({
  name: 'refreshTokens',
  method: 'POST',
  path: '/v1/token/refresh',
  summary: 'Exchange a refresh token for new tokens.',
  tag: 'Tokens',
  isRepeatable: false,
  guard: 'none',
  limit: 'failure',
  body: { type: 'json', schema: z.strictObject({ refresh_token: refreshToken }), also: refreshForm },
  answers: { 200: { text: 'The new tokens.', schema: tokensResource } },
  errors: ['INVALID_TOKEN', 'EXPIRED_TOKEN'],
  async handle(deps, { body, actor }) {
    return { status: 200, body: presentTokens(await refreshTokens(deps, actor, body.refresh_token)) }
  },
})

const forCookie = endpoint({
  name: 'issueAccessToken',
  method: 'POST',
  path: '/v1/token',
  summary: 'Issue a short-lived access token for the session of the cookie.',
  tag: 'Tokens',
  isRepeatable: false,
  // A token must not buy a token, because then it would never expire.
  guard: 'cookie',
  answers: { 200: { text: 'An access token without a refresh token.', schema: accessTokenResource } },
  async handle(deps, { session }) {
    return { status: 200, body: presentAccessToken(await issueCookieToken(deps, session)) }
  },
})

const revoke = endpoint({
  name: 'revokeToken',
  method: 'POST',
  path: '/v1/token/revoke',
  summary: 'Revoke the session of an access or refresh token (RFC 7009).',
  tag: 'Tokens',
  isRepeatable: false,
  guard: 'none',
  limit: 'failure',
  body: tokenBody,
  answers: { 200: { text: 'The session has ended, or never existed.' } },
  async handle(deps, { body, actor }) {
    return { status: 200, isWrong: !(await revokeToken(deps, actor, body.token)) }
  },
})

const introspect = endpoint({
  name: 'introspectToken',
  method: 'POST',
  path: '/v1/token/introspect',
  summary: 'Return whether a token is active, and its claims (RFC 7662).',
  tag: 'Tokens',
  isRepeatable: false,
  guard: { scope: 'introspect' },
  body: tokenBody,
  answers: {
    200: {
      text: 'An active token with its claims, or an inactive one without.',
      schema: introspectionResource,
    },
  },
  async handle(deps, { body }) {
    const found = await introspectToken(deps, body.token)
    if (!found) return { status: 200, body: { active: false } }
    if (found.kind === 'access_token') {
      return { status: 200, body: { active: true, token_type: 'Bearer', ...found.claims } }
    }
    const { session } = found
    const claims = { sub: session.userId, sid: session.id, exp: refreshExpiry(session) }
    return { status: 200, body: { active: true, token_type: 'refresh_token', ...claims } }
  },
})

export const tokenEndpoints = [refresh, forCookie, revoke, introspect]
