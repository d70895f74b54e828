import { z } from 'zod'
import { relyingParty } from '../../flows/factors/webauthn.ts'
import { JWKS_MAX_AGE_MS, jwks } from '../../flows/sessions/signing-key.ts'
import { HOUR, SECOND } from '../../platform/clock.ts'
import { sample } from '../../resources/shared-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'

export const METADATA_PATH = '/.well-known/oauth-authorization-server'

const keys = endpoint({
  name: 'getJwks',
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
      schema: z
        .strictObject({
          keys: z
            .array(
              z
                .looseObject({
                  kty: sample('EC').describe('The kind of key.'),
                  kid: sample('97eYQ0rZwFJd…').describe('The id of the key, as in the header of a token.'),
                  alg: sample('ES256').describe('The algorithm that it verifies.'),
                  use: z.literal('sig').describe('Always `sig`.'),
                })
                .meta({ id: 'Jwk', description: 'A public key (RFC 7517).' }),
            )
            .describe('The keys that sign now, or soon, or did so lately.'),
        })
        .meta({ id: 'JwkSet', description: 'A JWK set (RFC 7517).' }),
    },
  },
  async handle(deps) {
    return { status: 200, body: await jwks(deps) }
  },
})

/**
 * What verifiers and OAuth libraries read from an issuer (RFC 8414 §2). authd has no authorization endpoint. So
 * the list of response types, which RFC 8414 requires, is empty.
 */
const metadata = endpoint({
  name: 'getIssuerMetadata',
  method: 'GET',
  path: METADATA_PATH,
  summary: 'Return where to find keys, introspection and revocation (RFC 8414).',
  tag: 'Tokens',
  guard: 'none',
  publicMaxAge: JWKS_MAX_AGE_MS / SECOND,
  answers: {
    200: {
      text: 'The metadata of this issuer. `access_token_signing_alg_values_supported` is an extension.',
      schema: z
        .looseObject({
          issuer: sample('https://auth.example.com').describe('The `iss` of all tokens.'),
          jwks_uri: sample('https://auth.example.com/.well-known/jwks.json').describe('The public keys.'),
          token_endpoint: sample('https://auth.example.com/v1/token/refresh').describe(
            'Where refresh tokens are exchanged.',
          ),
          token_endpoint_auth_methods_supported: z
            .array(sample('none'))
            .describe('A refresh needs no client credential.'),
          grant_types_supported: z.array(sample('refresh_token')).describe('Refresh tokens only.'),
          response_types_supported: z
            .array(sample('none'))
            .describe('Always `none`, because authd has no authorization endpoint.'),
          introspection_endpoint: sample('https://auth.example.com/v1/token/introspect').describe(
            'Where tokens are introspected (RFC 7662).',
          ),
          introspection_endpoint_auth_methods_supported: z
            .array(sample('client_secret_basic'))
            .describe('How an API key is sent.'),
          revocation_endpoint: sample('https://auth.example.com/v1/token/revoke').describe(
            'Where tokens are revoked (RFC 7009).',
          ),
          revocation_endpoint_auth_methods_supported: z.array(sample('none')).describe('Holding the token is enough.'),
          access_token_signing_alg_values_supported: z
            .array(sample('ES256'))
            .describe('The algorithms of access tokens.'),
        })
        .meta({ id: 'IssuerMetadata', description: 'The metadata of the issuer (RFC 8414).' }),
    },
  },
  async handle(deps) {
    const { publicUrl, tokens } = deps.config.current()
    const algorithms = (await jwks(deps)).keys.map(({ alg }) => alg)
    return {
      status: 200,
      body: {
        issuer: publicUrl,
        jwks_uri: `${publicUrl}/.well-known/jwks.json`,
        token_endpoint: `${publicUrl}/v1/token/refresh`,
        token_endpoint_auth_methods_supported: ['none'],
        grant_types_supported: ['refresh_token'],
        // Required, and never empty (RFC 8414 §2 and §3.2).
        response_types_supported: ['none'],
        introspection_endpoint: `${publicUrl}/v1/token/introspect`,
        introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
        revocation_endpoint: `${publicUrl}/v1/token/revoke`,
        revocation_endpoint_auth_methods_supported: ['none'],
        access_token_signing_alg_values_supported: [...new Set([tokens.algorithm, ...algorithms])],
      },
    }
  },
})

const relatedOrigins = endpoint({
  name: 'getRelatedOrigins',
  method: 'GET',
  path: '/.well-known/webauthn',
  summary: 'Return the related origins where the passkeys also work (WebAuthn L3 §5.11).',
  tag: 'Documents',
  guard: 'none',
  publicMaxAge: HOUR / SECOND,
  answers: {
    200: {
      text: 'The origins.',
      schema: z
        .strictObject({ origins: z.array(sample('https://shop.example.org')).describe('The origins.') })
        .meta({ id: 'RelatedOrigins', description: 'Origins where the passkeys also work.' }),
    },
  },
  async handle(deps) {
    return { status: 200, body: { origins: relyingParty(deps.config.current()).origins } }
  },
})

const passkeyEndpoints = endpoint({
  name: 'getPasskeyEndpoints',
  method: 'GET',
  path: '/.well-known/passkey-endpoints',
  summary: 'Return the pages where users add and manage passkeys, for password managers.',
  tag: 'Documents',
  guard: 'none',
  publicMaxAge: HOUR / SECOND,
  answers: {
    200: {
      text: 'The addresses of the two pages.',
      schema: z
        .strictObject({
          enroll: sample('https://auth.example.com/account/passkeys/new').describe('The page that adds a passkey.'),
          manage: sample('https://auth.example.com/account').describe('The page that lists them.'),
        })
        .meta({ id: 'PasskeyEndpoints', description: 'Pages for passkeys.' }),
    },
  },
  async handle(deps) {
    const { publicUrl } = deps.config.current()
    return { status: 200, body: { enroll: `${publicUrl}/account/passkeys/new`, manage: `${publicUrl}/account` } }
  },
})

export const wellKnownEndpoints = [keys, metadata, relatedOrigins, passkeyEndpoints]
