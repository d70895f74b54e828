import { field, section } from './key-declaration.ts'
import { duration, line, oneOf, secretText } from './kind.ts'

/** Access tokens for applications. token-rules.ts compares keys with each other. */
export const TOKEN_SECTIONS = {
  tokens: section('Access tokens (JWT) for your applications.', {
    access_ttl: field(duration('5m', '15m'), {
      text: 'How long an access token is valid. Applications that check it offline accept it this long, even after its session was revoked.',
      applies: 'reload',
      default: '10m',
    }),
    audience: field(line(255), {
      text: 'The "aud" of the tokens, which your applications must check.',
      applies: 'reload',
      fallback: { text: 'public_url', of: ({ value }) => value('public_url') },
      example: 'https://app.example.com',
    }),
    algorithm: field(oneOf('ES256', 'EdDSA', 'RS256', 'HS256'), {
      text: 'The signature algorithm of the tokens. After a change, the new key signs after tokens.key_lead. With HS256, every application that can check a token can also make one.',
      applies: 'restart',
      default: 'ES256',
    }),
    typ: field(oneOf('at+jwt', 'JWT'), {
      text: 'The "typ" in the header of the tokens. "at+jwt" is that of RFC 9068. Use "JWT" only for verifiers that accept nothing else.',
      applies: 'restart',
      default: 'at+jwt',
    }),
    key_lead: field(duration('1h', '30d'), {
      text: 'How long a new key is published before it signs. Verifiers that read the key set at least this often reject no token during "authd keys rotate".',
      applies: 'reload',
      default: '1d',
    }),
    hs256_secret: field(secretText(32), {
      text: 'The secret shared with your applications, for HS256 only. It must not be the server secret.',
      applies: 'restart',
      secret: true,
      established: 'jwt_secret',
    }),
  }),
}
