import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../errors.ts'
import { OperatorCommand } from '../command.ts'
import { fetchText, listeningAt } from '../daemon-client.ts'

export default class Metrics extends OperatorCommand {
  static override summary = 'The numbers of a running daemon; or what watches them.'
  static override examples = [
    'authd metrics',
    'authd metrics alerts > /etc/prometheus/authd.rules.yml',
    'authd metrics dashboard > authd-dashboard.json',
  ]
  static override args = {
    what: Args.string({
      options: ['dashboard', 'alerts'],
      description: 'The dashboard for Grafana, or the alert rules for Prometheus, instead of the numbers.',
    }),
  }
  static override flags = { url: Flags.string({ description: 'Where it listens; by default as configured.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Metrics)
    const out = this.output(flags)
    if (args.what === 'alerts') return out.text((await import('../../platform/alerts.ts')).alertRules())
    if (args.what === 'dashboard') return out.text((await import('../../platform/dashboard.ts')).dashboard())
    const { config } = await this.loadConfig(flags)
    const { listen, token, enabled } = config.metrics
    if (!enabled) throw new AuthdError('UNAVAILABLE', { message: 'metrics.enabled is false.' })
    const base = flags.url ?? (listen === undefined ? listeningAt(config.server) : `http://${listen}`)
    const { status, text } = await fetchText(`${base}/metrics`, { token })
    if (status === 200) return out.text(text)
    const why = status === undefined ? `no answer from ${base}` : `HTTP ${status} from ${base}`
    throw new AuthdError('UNAVAILABLE', { message: `No numbers: ${why}.`, suggestions: ['authd healthcheck'] })
  }
}
