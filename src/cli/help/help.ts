import { BUILD } from '../../build-info.ts'
import { AuthdError } from '../../errors.ts'
import { shell } from '../../platform/shell.ts'
import { COMMANDS, GROUPS } from '../commands/index.ts'
import { type DescribedWord, describedCommand } from '../manual/described-command.ts'
import { TOPICS, type Topic } from '../manual/topics.ts'
import { cleanText, print } from '../output/clean.ts'
import { commandLine, entries, paragraph } from './layout.ts'

/** Prints the help of all commands, of a topic or of one command, or one of the texts. */
export async function showHelp(words: string[] = [], stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  const [name] = words
  if (name === undefined) return write(stream, root())
  const text = Object.hasOwn(TOPICS, name) ? TOPICS[name] : undefined
  if (text !== undefined) return write(stream, topicText(text))
  const listed = COMMANDS[words.join(' ')]
  if (listed) return await showCommandHelp(words.join(' '))
  const ids = Object.keys(COMMANDS).filter((id) => id.startsWith(`${name} `))
  if (ids.length === 0) {
    throw new AuthdError('USAGE', { message: `unknown command "${words.join(' ')}"`, suggestions: ['authd --help'] })
  }
  const summaries = ids.map((id) => [id, COMMANDS[id]?.summary ?? ''] as const)
  write(stream, [shell`authd ${name}`, entries(summaries), shell`More: authd ${name} COMMAND --help`].join('\n\n'))
}

export async function showCommandHelp(id: string): Promise<void> {
  const listed = COMMANDS[id]
  if (listed === undefined) throw new TypeError(`${id} is not a command`)
  const { summary, usage, description, args, flags, globalFlags, examples } = await describedCommand(id, listed)
  const parts = [
    summary,
    ['Usage: authd', id, ...usage].join(' '),
    paragraph(description),
    section('Arguments', args.map(argumentLine)),
    section('Flags', flags.map(flagLine)),
    examples.length > 0 ? `Examples\n${examples.map(commandLine).join('\n')}` : '',
    section('Global flags', globalFlags.map(flagLine)),
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

function argumentLine({ name, value, text }: DescribedWord): [string, string] {
  return [`${name}${value && ` ${value}`}`, text]
}

function flagLine({ short, name, value, text }: DescribedWord): [string, string] {
  return [`${short ? `-${short}, ` : '    '}${name}${value && ` ${value}`}`, text]
}

function topicText({ title, entries: explained, after = '' }: Topic): string {
  return [title, entries(explained), paragraph(after)].filter((part) => part !== '').join('\n\n')
}

function section(title: string, items: readonly (readonly [string, string])[]): string {
  return items.length > 0 ? `${title}\n${entries(items)}` : ''
}

function write(stream: NodeJS.WriteStream, text: string): void {
  print(stream, cleanText(`${text.trimEnd()}\n`))
}
