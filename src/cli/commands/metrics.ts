import { Args } from '@oclif/core'
import { AuthdError } from '../../errors.ts'
import { command } from '../command.ts'
import { fetchMetrics } from '../daemon-client.ts'
import { daemonUrlFlag, refuseFlags, WITHOUT } from '../flags.ts'

export default command({
  examples: [
    'authd metrics',
    'authd metrics alerts > /etc/prometheus/authd.rules.yml',
    'authd metrics dashboard > authd-dashboard.json',
  ],
  args: {
    what: Args.string({
      options: ['dashboard', 'alerts'],
      description: 'Print the dashboard for Grafana or the alert rules for Prometheus instead.',
    }),
  },
  flags: { url: daemonUrlFlag({ description: 'Address of the daemon. Defaults to the configured one.' }) },
  async run({ args, flags, out, loadRunning }) {
    const idle = ['url', ...WITHOUT.configuration]
    if (args.what !== undefined) refuseFlags(flags, idle, `the ${args.what} are the same for every daemon.`)
    if (args.what === 'alerts') return out.text((await import('../../platform/monitoring/alerts.ts')).alertRules())
    if (args.what === 'dashboard') return out.text((await import('../../platform/monitoring/dashboard.ts')).dashboard())
    const answer = await fetchMetrics(await loadRunning(), { url: flags.url })
    if ('text' in answer) return out.text(answer.text)
    throw new AuthdError('UNAVAILABLE', {
      message: `Metrics are not available: ${answer.why}.`,
      suggestions: ['authd healthcheck'],
    })
  },
})
