import { z } from 'zod'
import type { Tokens } from '../flows/sessions/token.ts'
import { sample } from './shared-fields.ts'

export const accessTokenResource = z
  .strictObject({
    access_token: sample('eyJhbGciOiJFUzI1NiIs…').describe('The access token, a JWT (RFC 9068).'),
    token_type: z.literal('Bearer').describe('How the token is sent: `Authorization: Bearer …`.'),
    expires_in: z
      .int()
      .meta({ examples: [600] })
      .describe('Seconds until the access token expires.'),
  })
  .meta({ id: 'AccessToken', description: 'An access token without a refresh token.' })

export const tokensResource = accessTokenResource
  .extend({
    refresh_token: sample('rt_01m88jw08vedqtrgrr9eqkmg57.1.…').describe('It gets the next tokens, once.'),
  })
  .meta({ id: 'Tokens', description: 'An access token and the refresh token for the next one.' })

export function presentAccessToken(tokens: Omit<Tokens, 'refreshToken'>): z.output<typeof accessTokenResource> {
  return { access_token: tokens.accessToken, token_type: 'Bearer', expires_in: tokens.expiresIn }
}

export function presentTokens(tokens: Tokens): z.output<typeof tokensResource> {
  return { ...presentAccessToken(tokens), refresh_token: tokens.refreshToken }
}
