import { Flags } from '@oclif/core'
import { BUILD } from '../../build-info.ts'
import { OperatorCommand } from '../command.ts'
import { heedSignals } from '../signals.ts'

export default class Serve extends OperatorCommand {
  static override summary = 'Run the daemon.'
  static override description =
    `Stops in order on SIGTERM and SIGINT (a second one forces), reloads the configuration on SIGHUP, opens log.file anew on
SIGUSR1, and on SIGUSR2 writes to the log how it stands.
Where nothing is configured it starts in development mode, as with --dev: on this machine only, data in ./authd-data,
and mails are shown in the terminal.`
  static override examples = ['authd serve --dev', 'authd serve --config /etc/authd/config.toml']
  static override flags = {
    dev: Flags.boolean({ description: 'Development: needs nothing, on this machine only.' }),
    listen: Flags.string({ description: 'HOST:PORT, instead of server.host and server.port.' }),
    migrate: Flags.boolean({ allowNo: true, description: 'Instead of database.auto_migrate.' }),
    'log-level': Flags.string({ options: ['debug', 'info', 'warn', 'error'], description: 'Instead of log.level.' }),
    'log-format': Flags.string({ options: ['json', 'pretty'], description: 'Instead of log.format.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Serve)
    this.takeSignals()
    const signals = heedSignals()
    const { serve } = await import('../serve.ts')
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(flags.listen ?? '') ?? []
    if (flags.listen !== undefined && port === undefined)
      this.error('--listen: write HOST:PORT, as 127.0.0.1:3000', { exit: 64 })
    await serve({
      isDevelopment: flags.dev,
      configPath: flags.config,
      flags: {
        ...(host !== undefined && { 'server.host': host }),
        ...(port !== undefined && { 'server.port': Number(port) }),
        ...(flags.migrate !== undefined && { 'database.auto_migrate': flags.migrate }),
        ...(flags['log-level'] !== undefined && { 'log.level': flags['log-level'] }),
        ...(flags['log-format'] !== undefined && { 'log.format': flags['log-format'] }),
      },
      version: BUILD.version,
      isQuiet: flags.quiet,
      signals,
    })
  }
}
