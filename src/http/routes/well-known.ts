import { z } from 'zod'
import { JWKS_MAX_AGE_MS, jwks } from '../../flows/signing-key.ts'
import { SECOND } from '../../platform/clock.ts'
import { endpoint } from '../endpoint.ts'

const keys = endpoint({
  method: 'GET',
  path: '/.well-known/jwks.json',
  summary: 'The public keys of the access tokens.',
  tag: 'Tokens',
  guard: 'none',
  publicMaxAge: JWKS_MAX_AGE_MS / SECOND,
  answers: {
    200: {
      text: 'A JWK set (RFC 7517).',
      contentType: 'application/jwk-set+json',
      schema: z.strictObject({
        keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string(), use: z.literal('sig') })),
      }),
    },
  },
  errors: [],
  async handle(deps) {
    return { status: 200, body: await jwks(deps) }
  },
})

export const wellKnownEndpoints = [keys]
