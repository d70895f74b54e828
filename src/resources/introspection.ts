import { z } from 'zod'
import { idField, sample } from './shared-fields.ts'

const seconds = z.int().meta({ examples: [1795694400] })

/** What introspection tells of a token (RFC 7662 §2.2). An inactive one has `active` alone. */
export const introspectionResource = z
  .strictObject({
    active: z
      .boolean()
      .meta({ examples: [true] })
      .describe('Whether the token is valid now. If false, the answer has no other field.'),
    token_type: z.enum(['Bearer', 'refresh_token']).optional().describe('The kind of token.'),
    sub: idField('usr').optional().describe('The id of the user.'),
    sid: idField('ses').optional().describe('The id of the session.'),
    exp: seconds.optional().describe('When the token expires, in seconds since 1970.'),
    client_id: sample('authd').optional().describe('Always `authd`.'),
    iss: sample('https://auth.example.com').optional().describe('The issuer: `public_url`.'),
    aud: sample('https://auth.example.com').optional().describe('The audience: `tokens.audience`.'),
    iat: seconds.optional().describe('When the token was issued, in seconds since 1970.'),
    jti: idField('jti').optional().describe('The id of the token.'),
    amr: z.array(sample('email')).optional().describe('What was proven.'),
    aal: z.int().optional().describe('The level of assurance: 1, or 2 with two factors.'),
    auth_time: seconds.optional().describe('The last sign-in or step-up, in seconds since 1970.'),
    auth_time_ms: z
      .int()
      .meta({ examples: [1795694400000] })
      .optional()
      .describe('The same in milliseconds.'),
    generation: z
      .int()
      .optional()
      .describe('How often the tokens of the session had been refreshed when it was issued.'),
  })
  .meta({ id: 'Introspection', description: 'Whether a token is active, and its claims (RFC 7662).' })
