import { existsSync, readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { Command, Flags } from '@oclif/core'
import type { Loaded } from '../config/load.ts'
import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import type { Actor } from '../flows/event.ts'
import { parseDuration } from '../platform/duration.ts'
import { Output } from './output/output.ts'

const GLOBAL = { helpGroup: 'GLOBAL' }

/** The frame of every command: the global flags, the configuration, the database, who is acting. No rules. */
export abstract class OperatorCommand extends Command {
  static override baseFlags = {
    config: Flags.string({ char: 'c', description: 'Configuration file; - reads it from stdin.', ...GLOBAL }),
    json: Flags.boolean({ description: 'One JSON document.', ...GLOBAL }),
    jsonl: Flags.boolean({ description: 'One JSON object a line.', ...GLOBAL }),
    plain: Flags.boolean({ description: 'Tab-separated, as in a pipe.', ...GLOBAL }),
    header: Flags.boolean({ description: 'A first line with names, in plain output.', ...GLOBAL }),
    fields: Flags.string({ description: 'Only these fields: id,email.', ...GLOBAL }),
    quiet: Flags.boolean({ char: 'q', description: 'No hints.', ...GLOBAL }),
    verbose: Flags.boolean({ char: 'v', description: 'Which configuration and database.', ...GLOBAL }),
    yes: Flags.boolean({ char: 'y', description: 'Answer every question with yes.', ...GLOBAL }),
    'no-input': Flags.boolean({ description: 'Never ask.', ...GLOBAL }),
    color: Flags.string({ options: ['auto', 'always', 'never'], default: 'auto', description: 'Colour.', ...GLOBAL }),
    'no-color': Flags.boolean({ description: 'As --color never.', ...GLOBAL }),
    'no-pager': Flags.boolean({ description: 'Never through a pager.', ...GLOBAL }),
    timeout: Flags.string({ default: '5s', description: 'How long to wait for a busy database.', ...GLOBAL }),
    time: Flags.string({
      options: ['relative', 'local', 'iso', 'unix'],
      description: 'How times are shown.',
      ...GLOBAL,
    }),
  }

  /** Called by a command that stops in order by itself, such as serve. */
  takeSignals: () => void = () => {}

  protected output(flags: GlobalFlags): Output {
    return new Output(flags, process.stdout, process.stderr)
  }

  /** The configuration that these flags and this machine lead to. */
  protected async loadConfig(flags: GlobalFlags, extra: Record<string, string | number> = {}): Promise<Loaded> {
    const { loadConfig, developmentConfig } = await import('../config/load.ts')
    const { isConfigured } = await import('../config/development.ts')
    const isDevelopment =
      flags.config === undefined && existsSync('authd-data') && !isConfigured({ env: process.env, cwd: process.cwd() })
    if (isDevelopment) {
      if (flags.verbose) process.stderr.write('authd: no configuration; using ./authd-data\n')
      return developmentConfig({ flags: extra, env: process.env })
    }
    const stdin = flags.config === '-' ? readFileSync(0, 'utf8') : undefined
    const loaded = loadConfig({ flags: extra, env: process.env, configPath: flags.config, stdin })
    for (const { message } of loaded.warnings) if (!flags.quiet) process.stderr.write(`warning: ${message}\n`)
    if (flags.verbose) process.stderr.write(`authd: configuration ${loaded.path ?? 'from the environment'}\n`)
    return loaded
  }

  /** Opens the database for one piece of work and closes it again, whatever happens. Seals what was audited. */
  protected async withDeps<Result>(
    flags: GlobalFlags & { 'dry-run'?: boolean },
    work: (deps: Deps) => Promise<Result>,
  ): Promise<Result> {
    const { config } = await this.loadConfig(flags)
    const { becomeOwner } = await import('./privileges.ts')
    const { readSecretEarly } = await import('../startup/secret.ts')
    const { wire } = await import('../startup/wire.ts')
    const secret = readSecretEarly(config)
    becomeOwner(config.dataDir)
    if (flags.verbose)
      process.stderr.write(`authd: database ${config.database.url ? 'PostgreSQL' : config.database.path}\n`)
    const isDry = flags['dry-run'] ?? false
    const timeoutMs = parseTimeout(flags.timeout)
    const wired = await wire(config, {
      timeoutMs,
      mode: 'cli',
      dryRun: isDry,
      output: process.stderr,
      logFormat: 'pretty',
      secret,
    })
    try {
      const result = await work(wired.deps)
      const { sealAudit } = await import('../flows/audit/audit.ts')
      if (!isDry) await sealAudit(wired.deps)
      return result
    } catch (error) {
      const { toAuthdError } = await import('../flows/failure.ts')
      const known = toAuthdError(error)
      throw known.code === 'INTERNAL_ERROR' ? error : known
    } finally {
      await wired.close()
    }
  }

  /** Who acts, for the audit row: the person behind sudo, from where, by which command, and why. */
  protected operator(reason?: string | undefined): Actor {
    const login = process.env['SUDO_USER'] || process.env['DOAS_USER'] || loginName()
    const sshClient = process.env['SSH_CONNECTION']?.split(' ')[0]
    return {
      id: `cli:${login}@${hostname()}`,
      ip: null,
      userAgent: null,
      requestId: null,
      metadata: {
        command: this.id ?? '',
        ...(reason !== undefined && { reason }),
        ...(sshClient !== undefined && { ssh_client: sshClient }),
      },
    }
  }

  /** The named ones, with `-` replaced by what stdin says, one a line. */
  protected async named(values: string[]): Promise<string[]> {
    if (!values.includes('-')) return values
    if (process.stdin.isTTY)
      throw new AuthdError('USAGE', { message: '- reads names from stdin, and stdin is a terminal.' })
    const lines = readFileSync(0, 'utf8')
      .split('\n')
      .map((line) => line.trim())
    return [...values.filter((value) => value !== '-'), ...lines.filter((line) => line !== '')]
  }
}

export interface GlobalFlags {
  config?: string | undefined
  json: boolean
  jsonl: boolean
  plain: boolean
  header: boolean
  fields?: string | undefined
  quiet: boolean
  verbose: boolean
  yes: boolean
  'no-input': boolean
  color: string
  'no-color': boolean
  'no-pager': boolean
  timeout: string
  time?: string | undefined
}

/** For the commands that change things. */
export const dryRunFlag = {
  'dry-run': Flags.boolean({ char: 'n', description: 'Show what would happen, and change nothing.' }),
}

/** For the commands whose reason stands in the audit log. */
export const reasonFlag = { reason: Flags.string({ description: 'Why, for the audit log.' }) }

function parseTimeout(text: string): number {
  const timeout = parseDuration(text)
  if (timeout !== undefined) return timeout
  throw new AuthdError('USAGE', { message: `--timeout: "${text}" is no duration. Write 5s or 500ms.` })
}

function loginName(): string {
  try {
    return userInfo().username
  } catch {
    // A container's user without a passwd entry.
    return String(process.getuid?.() ?? 'unknown')
  }
}
