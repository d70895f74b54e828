import { Flags } from '@oclif/core'
import { BUILD } from '../../build-info.ts'
import { AuthdError } from '../../errors.ts'
import { command } from '../command.ts'
import { WITHOUT } from '../flags.ts'
import { heedSignals } from '../signals.ts'

export default command({
  without: [...WITHOUT.results, ...WITHOUT.database],
  description: `Stops in order on SIGTERM or SIGINT; a second signal exits immediately. Reloads the configuration on SIGHUP,
reopens log.file on SIGUSR1, and writes diagnostics to the log on SIGUSR2.
Without a configuration it starts in development mode, as with --dev: on this machine only, with its data in
./authd-data and mails in the terminal.`,
  examples: ['authd serve --dev', 'authd serve --config /etc/authd/config.toml'],
  flags: {
    dev: Flags.boolean({ description: 'Development mode: no configuration, local connections only.' }),
    listen: Flags.string({ description: 'HOST:PORT. Overrides server.host and server.port.' }),
    migrate: Flags.boolean({ allowNo: true, description: 'Overrides database.auto_migrate.' }),
    'log-level': Flags.string({ options: ['debug', 'info', 'warn', 'error'], description: 'Overrides log.level.' }),
    'log-format': Flags.string({ options: ['json', 'pretty'], description: 'Overrides log.format.' }),
  },
  async run({ flags, takeSignals }) {
    takeSignals()
    const signals = heedSignals()
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(flags.listen ?? '') ?? []
    if (flags.listen !== undefined && port === undefined) {
      throw new AuthdError('USAGE', { message: `--listen: "${flags.listen}" is not HOST:PORT. Use 127.0.0.1:3000.` })
    }
    const { serve } = await import('../serve.ts')
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
  },
})
