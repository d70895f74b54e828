import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../errors.ts'
import { OperatorCommand } from '../command.ts'
import { fetchMetrics } from '../daemon-client.ts'

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
    if (args.what === 'alerts') return out.text((await import('../../platform/monitoring/alerts.ts')).alertRules())
    if (args.what === 'dashboard') return out.text((await import('../../platform/monitoring/dashboard.ts')).dashboard())
    const { config } = await this.loadConfig(flags)
    const answer = await fetchMetrics(config, { url: flags.url })
    if ('text' in answer) return out.text(answer.text)
    throw new AuthdError('UNAVAILABLE', { message: `No numbers: ${answer.why}.`, suggestions: ['authd healthcheck'] })
  }
}
