import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import { exportUser } from '../../../flows/users/export.ts'
import { exportAllUsers } from '../../../flows/users/export-all.ts'
import { csvCell } from '../../../platform/csv.ts'
import { MOVED_COLUMNS, type MovedUserResource, presentMovedUser } from '../../../resources/moved-user.ts'
import { presentPersonalData } from '../../../resources/personal-data.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { reasonFlag, refuseFlags, WITHOUT } from '../../flags.ts'
import { formatOf, newFile, writing } from '../../new-file.ts'
import { cleanJson, inLines } from '../../output/clean.ts'
import { counted } from '../../output/count.ts'

const FORMATS = {
  jsonl: { head: [], line: (user) => cleanJson(user) },
  csv: {
    head: [MOVED_COLUMNS.join(',')],
    line: (user) => MOVED_COLUMNS.map((name) => csvCell(String(user[name] ?? ''))).join(','),
  },
} satisfies Record<string, { head: string[]; line(user: MovedUserResource): string }>

const ENDINGS = { csv: 'csv', jsonl: 'jsonl', ndjson: 'jsonl' } as const

export default operation({
  without: ['time'],
  description:
    'Exports the data of one user (access request, GDPR art. 15), or with --all every user, for "authd users import".',
  examples: [
    'authd users export ada@example.com -o ada.json --reason "request of 3 November"',
    'authd users export --all --with-factors -o users.jsonl',
  ],
  args: { user: completing('users', Args.string({ description: 'E-mail address, id, or the start of an id.' })) },
  flags: {
    all: Flags.boolean({ description: 'Export every user.' }),
    format: Flags.string({
      options: Object.keys(FORMATS),
      description: 'Format of --all. Defaults to the ending of the file, else jsonl. csv has no factors.',
      dependsOn: ['all'],
    }),
    'with-factors': Flags.boolean({
      description: 'Also export secrets of authenticator apps, passkeys and hashes of recovery codes.',
      dependsOn: ['all', 'output'],
    }),
    output: completing(
      'files',
      Flags.string({
        char: 'o',
        description: 'Write to this new file, which only you can read; - is stdout.',
      }),
    ),
    ...reasonFlag,
  },
  prepare({ args, flags }) {
    if (flags.all === (args.user !== undefined)) {
      throw new AuthdError('USAGE', {
        message: flags.all ? 'Name a user or use --all, not both.' : 'Name a user, or use --all.',
        suggestions: ['authd users export --all -o users.jsonl'],
      })
    }
    const isFile = flags.all || (flags.output !== undefined && flags.output !== '-')
    if (isFile) refuseFlags(flags, WITHOUT.results, 'the export has a format of its own. See --format.')
    const { output, format: named = flags.all ? undefined : 'json' } = flags
    const format = formatOf<keyof typeof FORMATS | 'json'>(
      { output, format: named },
      { endings: ENDINGS, usual: 'jsonl' },
    )
    if (flags['with-factors'] && format === 'csv') {
      throw new AuthdError('USAGE', { message: 'CSV has no columns for factors. Use --format jsonl.' })
    }
    return { format, file: output === undefined || output === '-' ? undefined : newFile(output) }
  },
  async run(deps, { args, flags, out, actor }, { format: name, file }) {
    const format = FORMATS[name === 'json' ? 'jsonl' : name]
    await writing(file, async () => {
      if (args.user !== undefined) {
        const data = await exportUser(deps, actor, await resolveUser(deps, args.user))
        const shown = presentPersonalData(data)
        const text = inLines([cleanJson(shown, 2)])
        if (file === undefined) out.document(shown, text)
        else file.append(text)
        return
      }
      const write = (lines: string[]) => {
        if (lines.length === 0) return
        if (file === undefined) out.lines(lines)
        else file.append(`${lines.join('\n')}\n`)
      }
      write(format.head)
      let count = 0
      for await (const part of exportAllUsers(deps, actor, { hasFactors: flags['with-factors'] })) {
        write(part.map((user) => format.line(presentMovedUser(user))))
        count += part.length
      }
      out.hint(`Exported ${counted(count, 'user')}.`)
    })
    if (file !== undefined) out.hint(`Wrote ${flags.output}.`)
  },
})
