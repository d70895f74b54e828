import { field, section } from './field.ts'
import { listOf, secretText, wholeNumber, yesNo } from './kind.ts'
import { exactUrl, webOrigin } from './web-kind.ts'

/** Keys whose names are established and whose features come later: checked now, so that no config has to change then. */
export const LATER_SECTIONS = {
  limits: section('How much one stranger may ask for.', {
    requests_per_minute: field(wholeNumber(1, 1_000_000), {
      text: 'Requests that one address may make in a minute.',
      applies: 'live',
      notYet: true,
      default: 60,
      established: 'rate_limit_per_minute',
    }),
    mails_per_hour: field(wholeNumber(1, 1000), {
      text: 'Mails that may be caused to one mailbox in an hour.',
      applies: 'live',
      notYet: true,
      default: 10,
      established: 'email_rate_limit_per_hour',
    }),
  }),
  cors: section('Scripts of other origins that may call the API.', {
    allow_all: field(yesNo(), {
      text: 'Every origin, without cookies.',
      applies: 'reload',
      notYet: true,
      default: false,
      established: 'cors_allow_all',
    }),
    allowed_origins: field(listOf(webOrigin(), 'origins'), {
      text: 'These origins alone.',
      applies: 'reload',
      notYet: true,
      default: [],
      example: ['https://app.example.com'],
      established: 'cors_allowed_origins',
    }),
  }),
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
  metrics: section('Numbers for Prometheus.', {
    enabled: field(yesNo(), {
      text: 'Answer GET /metrics.',
      applies: 'restart',
      notYet: true,
      default: true,
      established: 'enable_metrics',
    }),
  }),
}
