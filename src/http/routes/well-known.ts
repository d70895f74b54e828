import { z } from 'zod'
import { relyingParty } from '../../flows/factors/webauthn.ts'
import { JWKS_MAX_AGE_MS, jwks } from '../../flows/sessions/signing-key.ts'
import { HOUR, SECOND } from '../../platform/clock.ts'
import { sample } from '../../resources/field.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const keys = endpoint({
  method: 'GET',
  path: '/.well-known/jwks.json',
  summary: 'Return the public keys that verify access tokens.',
  tag: 'Tokens',
  guard: 'none',
  publicMaxAge: JWKS_MAX_AGE_MS / SECOND,
  answers: {
    200: {
      text: 'A JWK set (RFC 7517).',
      contentType: 'application/jwk-set+json',
      schema: z.strictObject({
        keys: z.array(
          z.looseObject({
            kty: sample('EC'),
            kid: sample('97eYQ0rZwFJd…'),
            alg: sample('ES256'),
            use: z.literal('sig'),
          }),
        ),
      }),
    },
  },
  async handle(deps) {
    return { status: 200, body: await jwks(deps) }
  },
})

const relatedOrigins = endpoint({
  method: 'GET',
  path: '/.well-known/webauthn',
  summary: 'Return the related origins where the passkeys also work (WebAuthn L3 §5.11).',
  tag: 'Documents',
  guard: 'none',
  publicMaxAge: HOUR / SECOND,
  answers: {
    200: { text: 'The origins.', schema: z.strictObject({ origins: z.array(sample('https://shop.example.org')) }) },
  },
  async handle(deps) {
    return { status: 200, body: { origins: relyingParty(deps.config.current()).origins } }
  },
})

const passkeyEndpoints = endpoint({
  method: 'GET',
  path: '/.well-known/passkey-endpoints',
  summary: 'Return the pages where users add and manage passkeys, for password managers.',
  tag: 'Documents',
  guard: 'none',
  publicMaxAge: HOUR / SECOND,
  answers: {
    200: {
      text: 'The addresses of the two pages.',
      schema: z.strictObject({
        enroll: sample('https://auth.example.com/account/passkeys/new'),
        manage: sample('https://auth.example.com/account'),
      }),
    },
  },
  async handle(deps) {
    const { publicUrl } = deps.config.current()
    return { status: 200, body: { enroll: `${publicUrl}/account/passkeys/new`, manage: `${publicUrl}/account` } }
  },
})

export const wellKnownEndpoints = [keys, relatedOrigins, passkeyEndpoints]
