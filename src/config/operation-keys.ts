import { ageRecipient } from './age-kind.ts'
import { field, section } from './key-declaration.ts'
import { listOf, oneOf, path, secretText, yesNo } from './kind.ts'
import { listenAddress } from './web-kind.ts'

/** Monitoring and control of authd from outside. */
export const OPERATION_SECTIONS = {
  metrics: section('Numbers for Prometheus.', {
    enabled: field(yesNo(), {
      text: 'Serve GET /metrics to this machine, to holders of metrics.token, or on metrics.listen.',
      applies: 'restart',
      default: true,
      established: 'enable_metrics',
    }),
    listen: field(listenAddress(), {
      text: 'A separate listener for /metrics. Without metrics.token, anyone who can reach it can read it.',
      applies: 'restart',
      example: '10.0.0.5:9464',
    }),
    token: field(secretText(16), {
      text: 'The bearer token that a scraper sends. Without token and listen, only this machine can read /metrics.',
      applies: 'restart',
      secret: true,
    }),
  }),
  admin: section('The admin API.', {
    listen: field(listenAddress(), {
      text: 'A separate listener for /admin. The main listener then has no /admin.',
      applies: 'restart',
      example: '127.0.0.1:3001',
    }),
  }),
  backup: section('The backups of authd backup create.', {
    recipients: field(listOf(ageRecipient(), 'public keys of age'), {
      text: 'Encrypt backups for the holders of these public keys of age, such as ["age1…"]. Keep the private keys on another machine.',
      applies: 'reload',
      default: [],
      // A sample key could be used, and nobody could open the backups.
      example: [],
    }),
  }),
  log: section('The log of the daemon, on standard output or in a file.', {
    level: field(oneOf('debug', 'info', 'warn', 'error'), {
      text: 'The least important message that is written.',
      applies: 'live',
      default: 'info',
      established: 'log_level',
    }),
    format: field(oneOf('auto', 'json', 'pretty'), {
      text: '"json" for machines, "pretty" for people. "auto" is pretty on a terminal.',
      applies: 'restart',
      default: 'auto',
    }),
    file: field(path(), {
      text: 'A file to append to, in place of standard output. SIGUSR1 reopens it after it was renamed.',
      applies: 'restart',
      example: '/var/log/authd/authd.log',
    }),
  }),
}
