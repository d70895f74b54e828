import { field, section } from './field.ts'
import { secretText } from './kind.ts'
import { exactUrl } from './web-kind.ts'

/** Keys whose names are established and whose features come later: checked now, so that no config has to change then. */
export const LATER_SECTIONS = {
  webhooks: section('Events for your applications.', {
    url: field(exactUrl(), {
      text: 'Where events are sent.',
      applies: 'reload',
      notYet: true,
      example: 'https://app.example.com/authd-events',
      established: 'webhook_url',
    }),
    secret: field(secretText(24, 'Make one: openssl rand -base64 32'), {
      text: 'The secret that signs them.',
      applies: 'reload',
      notYet: true,
      secret: true,
      established: 'webhook_secret',
    }),
  }),
}
