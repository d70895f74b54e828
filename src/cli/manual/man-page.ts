import { BUILD } from '../../build-info.ts'
import { shell } from '../../platform/shell.ts'
import type { Catalogue } from '../command.ts'
import { type DescribedCommand, type DescribedWord, describedCommand } from './described-command.ts'
import { bold, heading, italic, lines, paragraph, tagged, text, verbatim } from './roff.ts'
import { TOPICS } from './topics.ts'

/** The man page of every command, by file name: `authd.1`, `authd-users-list.1`. */
export async function manPages(catalogue: Catalogue): Promise<Record<string, string>> {
  const listed = Object.entries(catalogue)
  const described = await Promise.all(listed.map(([id, entry]) => describedCommand(id, entry)))
  const ids = Object.keys(catalogue)
  const pages = described.map((command) => [`${pageName(command.id)}.1`, commandPage(command, ids)] as const)
  return { 'authd.1': programPage(catalogue, described[0]?.globalFlags ?? []), ...Object.fromEntries(pages) }
}

function commandPage(command: DescribedCommand, ids: string[]): string {
  const { id, summary, usage, description, args, flags, globalFlags, examples } = command
  return lines(
    titleLine(pageName(id)),
    ...heading('NAME', [`${text(pageName(id))} \\- ${text(withoutStop(summary))}`]),
    ...heading('SYNOPSIS', [[commandName(id), ...usage.map(italic)].join(' ')]),
    ...heading('DESCRIPTION', [
      ...paragraph(summary),
      ...(description === '' ? [] : ['.PP', ...paragraph(description)]),
    ]),
    ...heading('ARGUMENTS', args.flatMap(entry)),
    ...heading('OPTIONS', flags.flatMap(entry)),
    ...heading('GLOBAL OPTIONS', globalFlags.flatMap(entry)),
    ...heading('EXIT STATUS', topicEntries('exit-codes')),
    ...heading('EXAMPLES', verbatim(examples)),
    ...heading('SEE ALSO', [[reference('authd'), ...siblings(id, ids).map(pageName).map(reference)].join(',\n')]),
  )
}

/** The page of the program: every command, and what is the same for all of them. */
function programPage(catalogue: Catalogue, globalFlags: DescribedWord[]): string {
  const groups = Object.entries(Object.groupBy(Object.entries(catalogue), ([, { group }]) => group))
  const commands = groups.flatMap(([group, listed = []]) => [
    `.SS ${text(group)}`,
    ...listed.flatMap(([id, { summary }]) => tagged(commandName(id), paragraph(summary))),
  ])
  return lines(
    titleLine('authd'),
    ...heading('NAME', [`authd \\- ${text('passwordless sign-in for your own applications')}`]),
    ...heading('SYNOPSIS', [`${bold('authd')} ${italic('COMMAND')} ${italic('[flags]')}`]),
    ...heading(
      'DESCRIPTION',
      paragraph('Each command has its own page: authd-users-list(1) describes authd users list.'),
    ),
    ...heading('COMMANDS', commands),
    ...heading('GLOBAL OPTIONS', globalFlags.flatMap(entry)),
    ...heading('OUTPUT', topicEntries('formatting')),
    ...heading('ENVIRONMENT', topicEntries('environment')),
    ...heading('EXIT STATUS', topicEntries('exit-codes')),
    ...heading('FILES', [
      ...tagged(italic('/etc/authd/config.toml'), paragraph('The configuration. authd config reference describes it.')),
      ...tagged(italic('/var/lib/authd'), paragraph('The server secret, the SQLite database and its backups.')),
    ]),
    ...heading('SEE ALSO', [['systemctl', 'journalctl'].map(reference).join(',\n')]),
  )
}

/** Words are not hyphenated and lines not stretched, because most of them are command lines. */
function titleLine(name: string): string {
  // A date has its own form here: its hyphens are not escaped.
  const day = BUILD.builtAt?.slice(0, 10) ?? ''
  const version = text(BUILD.version)
  return `.TH ${text(name.toUpperCase())} 1 "${day}" "authd ${version}" "authd"\n.nh\n.ad l`
}

function entry({ short, name, value, text: meaning }: DescribedWord): string[] {
  const names = [...(short ? [`-${short}`] : []), name].map(bold).join(', ')
  return tagged(value === '' ? names : `${names} ${italic(value)}`, paragraph(meaning))
}

function topicEntries(name: string): string[] {
  const { entries = [], after } = TOPICS[name] ?? {}
  const explained = entries.flatMap(([term, meaning]) => tagged(bold(term), paragraph(meaning)))
  return after === undefined ? explained : [...explained, '.PP', ...paragraph(after)]
}

/** The other commands of the same topic. */
function siblings(id: string, ids: string[]): string[] {
  const [topic] = id.split(' ')
  return ids.filter((other) => other !== id && other.startsWith(`${topic} `))
}

function pageName(id: string): string {
  return `authd-${id.replaceAll(' ', '-')}`
}

function commandName(id: string): string {
  return bold(shell`authd ${id.split(' ')}`)
}

function reference(page: string): string {
  return `${bold(page)}(1)`
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}
