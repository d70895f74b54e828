import { Flags } from '@oclif/core'
import { SECOND } from '../../platform/clock.ts'
import { command } from '../command.ts'
import { listeningAt, probe, problemsIn } from '../daemon-client.ts'
import { daemonUrlFlag, durationFlag, refuseFlags } from '../flags.ts'

export default command({
  examples: ['authd healthcheck', 'authd healthcheck --ready --url http://127.0.0.1:3000'],
  flags: {
    url: daemonUrlFlag({ description: 'Address of the daemon. Defaults to the configured one.' }),
    ready: Flags.boolean({ description: 'Check that it can serve sign-ins, not only that it runs.' }),
    timeout: durationFlag({ default: 2 * SECOND, description: 'Maximum time to wait.' }),
  },
  async run({ flags, out, loadRunning }) {
    if (flags.url !== undefined) refuseFlags(flags, ['config', 'verbose'], 'with --url no configuration is read.')
    const base = flags.url ?? listeningAt((await loadRunning()).server)
    const answer = await probe(base, { isForReady: flags.ready, timeoutMs: flags.timeout })
    const { status, text } = answer
    const isWell = status === 200
    const problems = problemsIn(text)
    const failure = answer.status === undefined ? answer.why : `HTTP ${answer.status}`
    out.object({ status: isWell ? 'healthy' : 'unhealthy', http_status: status ?? null, problems }, [
      [isWell ? 'healthy' : `unhealthy: ${failure}`, ...problems].join('; '),
    ])
    if (!isWell) process.exitCode = 1
  },
})
