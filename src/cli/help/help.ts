import { BUILD } from '../../build-info.ts'
import { AuthdError } from '../../errors.ts'
import { shell } from '../../platform/shell.ts'
import type { CommandClass } from '../command.ts'
import { COMMANDS, GROUPS } from '../commands/index.ts'
import { cleanText, print } from '../output/clean.ts'
import { commandLine, entries, paragraph } from './layout.ts'
import { TOPICS } from './topics.ts'

/** Longer lists of values stand in the text. */
const SHORT_LIST = 24

interface Documented {
  description?: string | undefined
  char?: string | undefined
  options?: readonly string[] | undefined
  type?: string | undefined
  helpGroup?: string | undefined
  hidden?: boolean | undefined
  allowNo?: boolean | undefined
}

/** Prints the help of all commands, of a topic or of one command, or one of the texts. */
export async function showHelp(words: string[] = [], stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  const [topic] = words
  if (topic === undefined) return write(stream, root())
  const text = Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined
  if (text !== undefined) return write(stream, text)
  const listed = COMMANDS[words.join(' ')]
  if (listed) return await showCommandHelp(words.join(' '), (await listed.load()).default)
  const ids = Object.keys(COMMANDS).filter((id) => id.startsWith(`${topic} `))
  if (ids.length === 0) {
    throw new AuthdError('USAGE', { message: `unknown command "${words.join(' ')}"`, suggestions: ['authd --help'] })
  }
  const summaries = ids.map((id) => [id, COMMANDS[id]?.summary ?? ''] as const)
  write(stream, [shell`authd ${topic}`, entries(summaries), shell`More: authd ${topic} COMMAND --help`].join('\n\n'))
}

export async function showCommandHelp(id: string, Command: CommandClass): Promise<void> {
  const args = Object.entries(Command.args) as [string, { description?: string; required?: boolean }][]
  const flags = Object.entries({ ...Command.baseFlags, ...Command.flags }) as [string, Documented][]
  const own = flags.filter(([, flag]) => flag.helpGroup !== 'GLOBAL' && !flag.hidden)
  const global = flags.filter(([, flag]) => flag.helpGroup === 'GLOBAL')
  const usage = args.map(([name, { required }], index) => {
    // Only the last argument may be repeated.
    const word = name.toUpperCase() + (Command.strict || index < args.length - 1 ? '' : '...')
    return required ? word : `[${word}]`
  })
  const examples = (Command.examples ?? []).map((example) => commandLine(String(example)))
  const parts = [
    COMMANDS[id]?.summary ?? '',
    ['Usage: authd', id, ...usage, '[flags]'].join(' '),
    paragraph(Command.description ?? ''),
    section(
      'Arguments',
      args.map(([name, { description = '' }]) => [name.toUpperCase(), description]),
    ),
    section('Flags', own.map(describe)),
    examples.length > 0 ? `Examples\n${examples.join('\n')}` : '',
    section('Global flags', global.map(describe)),
  ]
  write(process.stdout, parts.filter((part) => part !== '').join('\n\n'))
}

function root(): string {
  const groups = GROUPS.map(({ title, commands }) =>
    section(
      title,
      Object.entries(commands).map(([id, { summary }]) => [id, summary]),
    ),
  )
  return [
    `authd ${BUILD.version}: passwordless sign-in for your own applications.`,
    'Usage: authd COMMAND [flags]',
    ...groups,
    `More: authd COMMAND --help, authd help ${Object.keys(TOPICS).join(' | ')}`,
  ].join('\n\n')
}

function describe([name, flag]: [string, Documented]): [string, string] {
  const { options = [], description = '' } = flag
  const listed = options.join('|')
  const isShort = listed !== '' && listed.length <= SHORT_LIST
  const value = flag.type === 'option' ? ` ${isShort ? listed : name.toUpperCase().split('-').at(-1)}` : ''
  const short = flag.char ? `-${flag.char}, ` : '    '
  const text = listed === '' || isShort ? description : `${description} One of ${options.join(', ')}.`
  return [`${short}--${flag.allowNo ? `[no-]${name}` : name}${value}`, text.trim()]
}

function section(title: string, items: readonly (readonly [string, string])[]): string {
  return items.length > 0 ? `${title}\n${entries(items)}` : ''
}

function write(stream: NodeJS.WriteStream, text: string): void {
  print(stream, cleanText(`${text.trimEnd()}\n`))
}
