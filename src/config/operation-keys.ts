import { field, section } from './field.ts'
import { oneOf, path, secretText, yesNo } from './kind.ts'
import { listenAddress } from './web-kind.ts'

/** What watches and steers authd from outside. */
export const OPERATION_SECTIONS = {
  metrics: section('Numbers for Prometheus.', {
    enabled: field(yesNo(), {
      text: 'Answer GET /metrics: to this machine, to whoever has metrics.token, or on metrics.listen.',
      applies: 'restart',
      default: true,
      established: 'enable_metrics',
    }),
    listen: field(listenAddress(), {
      text: 'A listener of their own for /metrics, open to whoever reaches it unless there is a token.',
      applies: 'restart',
      example: '10.0.0.5:9464',
    }),
    token: field(secretText(16, 'Make one: openssl rand -base64 32'), {
      text: 'What a scraper sends as bearer token. Without it, and without listen, only this machine may ask.',
      applies: 'restart',
      secret: true,
    }),
  }),
  admin: section('The admin API.', {
    listen: field(listenAddress(), {
      text: 'A listener of its own for /admin; then the main one has none.',
      applies: 'restart',
      example: '127.0.0.1:3001',
    }),
  }),
  log: section('What the daemon says of its work, on standard output or in a file.', {
    level: field(oneOf('debug', 'info', 'warn', 'error'), {
      text: 'The least important message that is written.',
      applies: 'live',
      default: 'info',
      established: 'log_level',
    }),
    format: field(oneOf('auto', 'json', 'pretty'), {
      text: 'JSON for machines, pretty for people; auto is pretty on a terminal.',
      applies: 'restart',
      default: 'auto',
    }),
    file: field(path(), {
      text: 'A file to append to, instead of standard output. SIGUSR1 opens it anew, after it was renamed.',
      applies: 'restart',
      example: '/var/log/authd/authd.log',
    }),
  }),
}
