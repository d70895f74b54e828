import { field, section } from './key-declaration.ts'
import { line, listOf, secretText } from './kind.ts'
import { exactUrl } from './web-kind.ts'

/** The short form for one endpoint. webhook-rules.ts compares its keys with each other. `authd webhooks add` adds more. */
export const WEBHOOK_SECTIONS = {
  webhooks: section('Events for one application. Add more endpoints with "authd webhooks add".', {
    url: field(exactUrl(), {
      text: 'The address that receives the events. It may be in a private network.',
      applies: 'restart',
      example: 'https://app.example.com/authd-events',
      established: 'webhook_url',
    }),
    secret: field(secretText(24), {
      text: 'The secret that signs the events: whsec_ and base64, or any text. "authd webhooks show whe_config" prints its whsec_ form.',
      applies: 'restart',
      secret: true,
      established: 'webhook_secret',
    }),
    events: field(listOf(line(100), 'events'), {
      text: 'The events to send. A star matches anything.',
      applies: 'restart',
      default: ['*'],
      example: ['user.*', 'session.revoked'],
    }),
  }),
}
