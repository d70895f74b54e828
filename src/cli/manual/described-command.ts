import type { CatalogueEntry } from '../command.ts'

/** A command as its declaration describes it. Help and man pages print it. */
export interface DescribedCommand {
  /** `users list` */
  id: string
  /** One sentence, with a full stop. */
  summary: string
  /** The words that follow the command's name: `[USER...]`, `[flags]`. */
  usage: string[]
  /** May be empty. */
  description: string
  args: DescribedWord[]
  flags: DescribedWord[]
  globalFlags: DescribedWord[]
  /** Command lines. */
  examples: string[]
}

/** An argument or a flag: `-c, --config CONFIG`. */
export interface DescribedWord {
  /** As it is typed: `c`. */
  short?: string | undefined
  /** `--config`, or `USER` for an argument. */
  name: string
  /** The values that it may have: `auto|always|never`; or else what the value of a flag is called. Empty for a switch. */
  value: string
  text: string
}

/** Longer lists of values stand in the text. */
const SHORT_LIST = 24

interface Argument {
  description?: string | undefined
  options?: readonly string[] | undefined
  required?: boolean | undefined
}

interface Flag extends Argument {
  char?: string | undefined
  type?: string | undefined
  helpGroup?: string | undefined
  hidden?: boolean | undefined
  allowNo?: boolean | undefined
}

export async function describedCommand(id: string, { summary, load }: CatalogueEntry): Promise<DescribedCommand> {
  const { default: Command } = await load()
  const args = Object.entries(Command.args) as [string, Argument][]
  const flags = Object.entries({ ...Command.baseFlags, ...Command.flags }) as [string, Flag][]
  const own = flags.filter(([, flag]) => flag.helpGroup !== 'GLOBAL' && !flag.hidden)
  const global = flags.filter(([, flag]) => flag.helpGroup === 'GLOBAL')
  const words = args.map(([name, { required }], index) => {
    // Only the last argument may be repeated.
    const word = name.toUpperCase() + (Command.strict || index < args.length - 1 ? '' : '...')
    return required ? word : `[${word}]`
  })
  return {
    id,
    summary,
    usage: [...words, '[flags]'],
    description: Command.description ?? '',
    args: args.map(([name, arg]) => {
      const { listed, text } = valuesOf(arg)
      return { name: name.toUpperCase(), value: listed, text }
    }),
    flags: own.map(describedFlag),
    globalFlags: global.map(describedFlag),
    examples: (Command.examples ?? []).map(String),
  }
}

function describedFlag([name, { char, type, allowNo, ...flag }]: [string, Flag]): DescribedWord {
  const { listed, text } = valuesOf(flag)
  const value = type === 'option' ? listed || (name.toUpperCase().split('-').at(-1) ?? '') : ''
  return { short: char, name: `--${allowNo ? `[no-]${name}` : name}`, value, text }
}

/** The values beside the name; if there are many, in the text. */
function valuesOf({ options = [], description = '' }: Argument): { listed: string; text: string } {
  const listed = options.join('|')
  if (listed.length <= SHORT_LIST) return { listed, text: description }
  return { listed: '', text: `${description} One of ${options.join(', ')}.`.trim() }
}
