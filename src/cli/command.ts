import { Command, type Interfaces } from '@oclif/core'
import type { Loaded } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import type { Actor } from '../flows/record-event.ts'
import { loadRunning, withDatabase } from './database.ts'
import { findEach, type NamedThing } from './each-name.ts'
import { GLOBAL_FLAGS, type GlobalFlags, refuseIdle, settleColour, skipMissingFlag } from './flags.ts'
import { loadConfigOf } from './load-config.ts'
import { operator } from './operator.ts'
import { confirm, confirmName } from './output/confirm.ts'
import { Output } from './output/output.ts'
import { readStdin } from './stdin.ts'
import { type Added, commandAgain } from './suggested-command.ts'
import { usageError } from './usage-error.ts'

/** A command as it is declared: what it takes, and one `run`. Its summary is in commands/index.ts. */
interface Declared<Args extends Interfaces.ArgInput, Own extends Interfaces.FlagInput> {
  description?: string
  examples?: string[]
  args?: Args
  flags?: Own
  /**
   * `known` things get --skip-missing. The last argument may be repeated, and `-` reads more of them from stdin, one per line.
   */
  takesMany?: 'known' | 'new'
  /** The global flags that it would ignore: a set of `WITHOUT`. Help and completion do not show them, and they are refused. */
  without?: readonly (keyof typeof GLOBAL_FLAGS)[]
  /** It prints a list, which --header gives a first line. */
  hasColumns?: true
}

/** What a command gets when it runs. */
export interface Input<Args, Own> {
  args: Args
  flags: Own & GlobalFlags
  /** With `takesMany`: everything named, `-` replaced by the lines of stdin. */
  names: string[]
  /** Names were typed, or `-` for those of stdin, which can be none. */
  isNamed: boolean
  /** Looks up each of the names. Throws one error with all faults, so call it before anything is changed. */
  each<Found>(find: (name: string) => Found | Promise<Found>): Promise<Found[]>
  out: Output
  /** The operator, for the audit log, with `--reason`. */
  actor: Actor
  /** Asks y/N. Does not ask with --yes or in a dry run. */
  confirm(question: string): Promise<void>
  /** Asks for a name, before something is deleted for good. The flag --confirm gives it without a prompt. */
  confirmName(name: string, question: string): Promise<void>
  /** Returns the typed command line with one more flag. An error can suggest it. */
  again(flag: string, value?: string): string
  /** The configuration that the flags and this machine lead to. */
  loadConfig(): Promise<Loaded>
  /** Like loadConfig, with the address at which the daemon really listens. */
  loadRunning(): Promise<Config>
  /** Called by a command that handles signals itself, such as `serve`. */
  takeSignals(): void
  catalogue: Catalogue
}

/** Every command by its id, with its summary. Given to `completion` and `man`, because the list itself loads these commands. */
export type Catalogue = Readonly<Record<string, CatalogueEntry>>

export interface CatalogueEntry {
  summary: string
  /** The title of its group: `Users`. */
  group: string
  load(): Promise<{ default: CommandClass }>
}

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

  /** oclif accepts `--toString` as a flag, because every JavaScript object inherits that name. */
  private refuseInherited(): void {
    const flag = this.argv.find((word) => word.startsWith('--') && word.slice(2).replace(/=.*$/s, '') in {})
    if (flag !== undefined) throw Object.assign(new Error(flag), { oclif: {}, flags: [flag] })
  }

  /** Parses like oclif. Throws USAGE with a next step. */
  protected async parseTyped(examples: readonly string[]) {
    const Own = this.constructor as typeof OperatorCommand
    try {
      this.refuseInherited()
      return await this.parse(Own)
    } catch (error) {
      const flags = { ...Own.baseFlags, ...Own.flags }
      const typed = { argv: this.argv, flags }
      const again = (flag: string, value?: string) => commandAgain(this.id ?? '', typed, { flag, value })
      throw usageError(error, { id: this.id ?? '', flags, examples, again })
    }
  }
}

type InputOf<Args extends Interfaces.ArgInput, Own extends Interfaces.FlagInput> = Input<
  Interfaces.InferredArgs<Args>,
  Interfaces.InferredFlags<Own>
>

/** Declares a command that needs no database. */
export function command<
  Args extends Interfaces.ArgInput = Record<never, never>,
  Own extends Interfaces.FlagInput = Record<never, never>,
>(declared: Declared<Args, Own> & { run(input: InputOf<Args, Own>): Promise<void> | void }): CommandClass {
  return class extends OperatorCommand {
    static override description = declared.description
    static override examples = declared.examples ?? []
    static override strict = declared.takesMany === undefined
    static override args = withoutStdin(declared.args ?? {})
    static override baseFlags = globalFlags(declared.without)
    static override flags = {
      ...declared.flags,
      ...(declared.takesMany === 'known' && skipMissingFlag),
    } as Interfaces.FlagInput

    async run(): Promise<void> {
      const { args, argv, flags: parsed } = await this.parseTyped(declared.examples ?? [])
      const flags = { ...absent(declared.flags), ...parsed } as unknown as Interfaces.InferredFlags<Own> & GlobalFlags
      refuseIdle(flags, { hasColumns: declared.hasColumns ?? false })
      const typed = {
        argv: this.argv,
        flags: { ...GLOBAL_FLAGS, ...(this.constructor as typeof OperatorCommand).flags },
      }
      settleColour(flags)
      const named = declared.takesMany ? await namesOf(argv as string[]) : []
      const out = await Output.to(process, flags, {
        isList: (argv as string[]).includes('-') && declared.takesMany !== undefined,
      })
      const skip = flags['skip-missing'] ? (why: string) => out.hint(why) : undefined
      const again = (added: Added) => commandAgain(this.id ?? '', typed, added)
      await declared.run({
        args: args as Interfaces.InferredArgs<Args>,
        flags,
        names: named.map(({ name }) => name),
        isNamed: declared.takesMany !== undefined && argv.length > 0,
        each: (find) => findEach(named, find, { skip, isChange: 'dry-run' in (declared.flags ?? {}) }),
        out,
        actor: operator(this.id ?? '', flags.reason),
        confirm: (question) => confirm(flags, question, again({ flag: 'yes' })),
        confirmName: (name, question) =>
          confirmName(flags, { name, question, again: again({ flag: 'confirm', value: name, drops: ['yes'] }) }),
        again: (flag, value) => again({ flag, value }),
        loadConfig: () => loadConfigOf(flags),
        loadRunning: () => loadRunning(flags),
        takeSignals: () => this.takeSignals(),
        catalogue: this.catalogue,
      })
    }
  }
}

/** The type keeps those that the parser refuses, because a command never sees one given. */
function globalFlags(without: readonly string[] = []): typeof GLOBAL_FLAGS {
  const honoured = Object.entries(GLOBAL_FLAGS).filter(([name]) => !without.includes(name))
  return Object.fromEntries(honoured) as typeof GLOBAL_FLAGS
}

/**
 * False for each switch that a command declares. oclif leaves those that were not given undefined, whatever their type
 * says, so that a default further down would take effect.
 */
function absent(flags: Interfaces.FlagInput = {}): Record<string, false> {
  const switches = Object.entries(flags).filter(([, flag]) => flag.type === 'boolean' && !flag.allowNo)
  return Object.fromEntries(switches.map(([name]) => [name, false]))
}

/** Declares a command that works on the database. It opens it for `run` and closes it again, whatever happens. */
export function operation<
  Prepared,
  Args extends Interfaces.ArgInput = Record<never, never>,
  Own extends Interfaces.FlagInput = Record<never, never>,
>({
  prepare,
  run,
  ...declared
}: Declared<Args, Own> & {
  /** Checks what was typed and reads the files named, before root's rights are dropped and the database opens. */
  prepare?(input: InputOf<Args, Own>): Prepared | Promise<Prepared>
  run(deps: Deps, input: InputOf<Args, Own>, prepared: Prepared, rehearsal: Deps): Promise<void> | void
}): CommandClass {
  return command<Args, Own>({
    ...declared,
    async run(input) {
      const prepared = (await prepare?.(input)) as Prepared
      await withDatabase(input.flags, async (deps, rehearsal) => {
        if (input.flags.fields !== undefined && 'dry-run' in (declared.flags ?? {})) {
          // Only the result has the names, and an unknown field must be found before anything changes.
          const silent = { ...input, out: input.out.silent(), confirm: async () => {}, confirmName: async () => {} }
          await run(rehearsal, silent, prepared, rehearsal)
        }
        await run(deps, input, prepared, rehearsal)
      })
    },
  })
}

/** oclif would take a missing argument from stdin, so that a command in a loop over lines reads the other lines. */
function withoutStdin(args: Interfaces.ArgInput): Interfaces.ArgInput {
  return Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, { ...arg, ignoreStdin: true }]))
}

/** The named things. `-` stands for the lines of stdin. */
async function namesOf(values: string[]): Promise<NamedThing[]> {
  const typed = values.filter((value) => value !== '-').map((name) => ({ name }))
  if (!values.includes('-')) return typed
  if (process.stdin.isTTY) {
    throw new AuthdError('USAGE', { message: '"-" reads names from stdin, but stdin is a terminal. Pipe them in.' })
  }
  const lines = (await readStdin()).split('\n').map((line, index) => ({ name: line.trim(), line: index + 1 }))
  return [...typed, ...lines.filter(({ name }) => name !== '')]
}
