import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { shell } from '../../platform/shell.ts'
import { command } from '../command.ts'
import { completing } from '../completion/offer.ts'
import { dryRunFlag, SERVICE_DIR } from '../flags.ts'
import { startCommand } from '../service/files.ts'

/** The folder that the unit of `service install` may write to. */
const DATA_DIR = '/var/lib/authd'

export default command({
  without: ['verbose', 'timeout'],
  description: 'Asks for every value without a flag. Nothing is written before the last answer.',
  examples: [
    'authd init',
    'authd init --url https://auth.example.com --smtp-host smtp.example.com --email-from no-reply@example.com --yes',
  ],
  flags: {
    url: Flags.string({ description: 'Public URL of the sign-in pages.' }),
    'email-from': Flags.string({ description: 'Sender address of mails.' }),
    'smtp-host': Flags.string({ description: 'SMTP host.' }),
    'smtp-port': Flags.integer({ description: 'SMTP port.' }),
    'smtp-user': Flags.string({ description: 'SMTP user.' }),
    'smtp-password-file': completing('files', Flags.string({ description: 'File with the SMTP password.' })),
    db: Flags.string({ description: 'postgres://… without a password, or a path for SQLite.' }),
    'db-url-file': completing(
      'files',
      Flags.string({ description: 'File with the URL of PostgreSQL.', exclusive: ['db'] }),
    ),
    dir: completing('files', Flags.string({ default: SERVICE_DIR, description: 'Folder for config.toml.' })),
    'data-dir': completing(
      'files',
      Flags.string({ default: DATA_DIR, description: 'Folder for the database and the secret.' }),
    ),
    force: Flags.boolean({ description: 'Replace an existing configuration. A copy is kept.' }),
    ...dryRunFlag,
  },
  async run({ flags, out }) {
    const { initialize } = await import('../init.ts')
    const result = await initialize(flags)
    const lines = result.steps.map(({ name, status }) => `${out.did(status, 'would write').padEnd(8)} ${name}`)
    const isForService = result.config === `${SERVICE_DIR}/config.toml`
    const where = isForService ? [] : ['--config', result.config]
    const next = [
      '',
      `Next: ${isForService ? startCommand('/') : shell`authd serve --config ${result.config}`}`,
      `      ${shell`authd email test you@example.com ${where}`}`,
      `      ${shell`authd users list ${where}`}`,
    ]
    if (isForService && flags['data-dir'] !== DATA_DIR) {
      const allowed = ['  [Service]', `  ReadWritePaths=${resolve(flags['data-dir'])}`]
      next.push('', `The unit lets the service write to ${DATA_DIR} alone. Add: sudo systemctl edit authd`, ...allowed)
    }
    out.object({ ...result, changed: true }, flags['dry-run'] ? lines : [...lines, ...next])
  },
})
