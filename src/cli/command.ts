import { existsSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { Command, Flags, type Interfaces } from '@oclif/core'
import type { Loaded } from '../config/load.ts'
import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import type { Actor } from '../flows/event.ts'
import { parseDuration } from '../platform/duration.ts'
import type { GlobalFlags } from './global-flags.ts'
import { Output } from './output/output.ts'
import { readStdin } from './stdin.ts'

const GLOBAL = { helpGroup: 'GLOBAL' }

const GLOBAL_FLAGS = {
  config: Flags.string({ char: 'c', description: 'Configuration file; - reads stdin.', ...GLOBAL }),
  json: Flags.boolean({ description: 'Print one JSON document.', ...GLOBAL }),
  jsonl: Flags.boolean({ description: 'Print one JSON object per line.', ...GLOBAL }),
  plain: Flags.boolean({ description: 'Print tab-separated values, as in a pipe.', ...GLOBAL }),
  header: Flags.boolean({ description: 'Print column names first, with --plain.', ...GLOBAL }),
  fields: Flags.string({ description: 'Print only these fields: id,email.', ...GLOBAL }),
  quiet: Flags.boolean({ char: 'q', description: 'Print no hints.', ...GLOBAL }),
  verbose: Flags.boolean({ char: 'v', description: 'Print which configuration and database are used.', ...GLOBAL }),
  yes: Flags.boolean({ char: 'y', description: 'Answer yes to every question.', ...GLOBAL }),
  'no-input': Flags.boolean({ description: 'Fail instead of asking.', ...GLOBAL }),
  color: Flags.string({
    options: ['auto', 'always', 'never'],
    default: 'auto',
    description: 'When to use colour.',
    ...GLOBAL,
  }),
  'no-color': Flags.boolean({ description: 'The same as --color never.', ...GLOBAL }),
  'no-pager': Flags.boolean({ description: 'Do not use a pager.', ...GLOBAL }),
  timeout: Flags.string({ default: '5s', description: 'How long to wait for a busy database.', ...GLOBAL }),
  time: Flags.string({
    options: ['relative', 'local', 'iso', 'unix'],
    description: 'Format of times.',
    ...GLOBAL,
  }),
}

/** For the commands that change things. */
export const dryRunFlag = {
  'dry-run': Flags.boolean({ char: 'n', description: 'Show what would change, without changing it.' }),
}

/** For the commands whose reason goes into the audit log. */
export const reasonFlag = { reason: Flags.string({ description: 'Reason for the audit log.' }) }

/** A command as it is declared: what it takes, and one `run`. Its summary is in commands/index.ts. */
interface Declared<Args extends Interfaces.ArgInput, Own extends Interfaces.FlagInput> {
  description?: string
  examples?: string[]
  args?: Args
  flags?: Own
  /** The last argument may be repeated, and `-` reads more of them from stdin, one per line. */
  takesMany?: true
}

/** What a command gets when it runs. */
export interface Input<Args, Own> {
  args: Args
  flags: Own & GlobalFlags
  /** With `takesMany`: everything named, `-` replaced by the lines of stdin. */
  names: string[]
  out: Output
  /** The operator, for the audit log, with `--reason`. */
  actor: Actor
  /** The configuration that the flags and this machine lead to. */
  loadConfig(extra?: Record<string, string | number>): Promise<Loaded>
  /** Called by a command that handles signals itself, such as `serve`. */
  takeSignals(): void
  catalogue: Catalogue
}

/** Every command by its id, with its summary. Given to `completion`, because the list itself loads that command. */
export type Catalogue = Readonly<Record<string, { summary: string; load(): Promise<{ default: CommandClass }> }>>

export type CommandClass = Omit<typeof OperatorCommand, 'prototype'> &
  (new (
    argv: string[],
    config: never,
  ) => OperatorCommand)

/** What oclif parses and runs. Commands are made by `command` and `operation`. */
export abstract class OperatorCommand extends Command {
  static override baseFlags = GLOBAL_FLAGS
  takeSignals: () => void = () => {}
  catalogue: Catalogue = {}
}

/** Declares a command that needs no database. */
export function command<
  Args extends Interfaces.ArgInput = Record<never, never>,
  Own extends Interfaces.FlagInput = Record<never, never>,
>(
  declared: Declared<Args, Own> & {
    run(input: Input<Interfaces.InferredArgs<Args>, Interfaces.InferredFlags<Own>>): Promise<void> | void
  },
): CommandClass {
  return class extends OperatorCommand {
    static override description = declared.description
    static override examples = declared.examples ?? []
    static override strict = declared.takesMany !== true
    static override args = (declared.args ?? {}) as Interfaces.ArgInput
    static override flags = (declared.flags ?? {}) as Interfaces.FlagInput

    async run(): Promise<void> {
      const { args, argv, flags } = await this.parse(this.constructor as typeof OperatorCommand)
      const all = flags as unknown as Interfaces.InferredFlags<Own> & GlobalFlags
      await declared.run({
        args: args as Interfaces.InferredArgs<Args>,
        flags: all,
        names: declared.takesMany ? await namesOf(argv as string[]) : [],
        out: await Output.to(process, all),
        actor: operator(this.id ?? '', all.reason),
        loadConfig: (extra) => loadConfigOf(all, extra),
        takeSignals: () => this.takeSignals(),
        catalogue: this.catalogue,
      })
    }
  }
}

/** Declares a command that works on the database. It opens it for `run` and closes it again, whatever happens. */
export function operation<
  Args extends Interfaces.ArgInput = Record<never, never>,
  Own extends Interfaces.FlagInput = Record<never, never>,
>({
  run,
  ...declared
}: Declared<Args, Own> & {
  run(deps: Deps, input: Input<Interfaces.InferredArgs<Args>, Interfaces.InferredFlags<Own>>): Promise<void> | void
}): CommandClass {
  return command<Args, Own>({
    ...declared,
    run: (input) => withDatabase(input.flags, async (deps) => run(deps, input)),
  })
}

/** The named things. `-` stands for the lines of stdin. */
async function namesOf(values: string[]): Promise<string[]> {
  if (!values.includes('-')) return values
  if (process.stdin.isTTY) {
    throw new AuthdError('USAGE', { message: '"-" reads names from stdin, but stdin is a terminal. Pipe them in.' })
  }
  const lines = (await readStdin()).split('\n').map((line) => line.trim())
  return [...values.filter((value) => value !== '-'), ...lines.filter((line) => line !== '')]
}

async function loadConfigOf(flags: GlobalFlags, extra: Record<string, string | number> = {}): Promise<Loaded> {
  const { loadConfig, developmentConfig } = await import('../config/load.ts')
  const { isConfigured } = await import('../config/development.ts')
  const isDevelopment =
    flags.config === undefined && existsSync('authd-data') && !isConfigured({ env: process.env, cwd: process.cwd() })
  if (isDevelopment) {
    if (flags.verbose) process.stderr.write('authd: no configuration; using ./authd-data\n')
    return developmentConfig({ flags: extra, env: process.env })
  }
  const stdin = flags.config === '-' ? await readStdin() : undefined
  const loaded = loadConfig({ flags: extra, env: process.env, configPath: flags.config, stdin })
  for (const { message } of loaded.warnings) if (!flags.quiet) process.stderr.write(`warning: ${message}\n`)
  if (flags.verbose) process.stderr.write(`authd: configuration ${loaded.path ?? 'from the environment'}\n`)
  return loaded
}

/** Opens the database for one piece of work, and seals what was audited. Nothing is sealed in a dry run. */
export async function withDatabase<Result>(flags: GlobalFlags, work: (deps: Deps) => Promise<Result>): Promise<Result> {
  const { config } = await loadConfigOf(flags)
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

/** The operator behind sudo, with command, SSH client and reason, for the audit log. */
function operator(command: string, reason: unknown): Actor {
  const login = process.env['SUDO_USER'] || process.env['DOAS_USER'] || loginName()
  const sshClient = process.env['SSH_CONNECTION']?.split(' ')[0]
  return {
    id: `cli:${login}@${hostname()}`,
    ip: null,
    userAgent: null,
    requestId: null,
    metadata: {
      command,
      ...(typeof reason === 'string' && { reason }),
      ...(sshClient !== undefined && { ssh_client: sshClient }),
    },
  }
}

function parseTimeout(text: string): number {
  const timeout = parseDuration(text)
  if (timeout !== undefined) return timeout
  throw new AuthdError('USAGE', { message: `--timeout: "${text}" is not a duration. Use 5s or 500ms.` })
}

function loginName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container the user may have no passwd entry.
    return String(process.getuid?.() ?? 'unknown')
  }
}
