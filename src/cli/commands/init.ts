import { Flags } from '@oclif/core'
import { command, dryRunFlag } from '../command.ts'

/** Where the unit of `service install` looks. */
const SERVICE_DIR = '/etc/authd'

export default command({
  description: 'Asks on a terminal for what no flag says; nothing is written before the last answer.',
  examples: [
    'authd init',
    'authd init --url https://auth.example.com --smtp-host smtp.example.com --email-from no-reply@example.com --yes',
  ],
  flags: {
    url: Flags.string({ description: 'Public address of the sign-in pages.' }),
    'email-from': Flags.string({ description: 'Who mails come from.' }),
    'smtp-host': Flags.string({ description: 'Mail server.' }),
    'smtp-port': Flags.integer({ description: 'Its port.' }),
    'smtp-user': Flags.string({ description: 'Its user.' }),
    'smtp-password-file': Flags.string({ description: 'File with its password.' }),
    db: Flags.string({ description: 'postgres://…, or a path for SQLite.' }),
    dir: Flags.string({ default: SERVICE_DIR, description: 'Where config.toml goes.' }),
    'data-dir': Flags.string({ default: '/var/lib/authd', description: 'Where the database and the secret go.' }),
    force: Flags.boolean({ description: 'Replace a configuration; the old one is kept beside it.' }),
    ...dryRunFlag,
  },
  async run({ flags, out }) {
    const { initialize } = await import('../init.ts')
    const result = await initialize(flags)
    const lines = result.steps.map(({ name, status }) => `${status.padEnd(8)} ${name}`)
    const isForService = flags.dir === SERVICE_DIR
    const next = [
      '',
      `Next: ${isForService ? 'sudo authd service install --now' : `authd serve --config ${result.config}`}`,
      '      authd email test you@example.com',
      '      authd users list',
    ]
    out.object(result, [...lines, ...next])
  },
})
