import { Args, Flags } from '@oclif/core'
import type { Deps } from '../../../deps.ts'
import { AuthdError } from '../../../errors.ts'
import { importUsers, type OnDuplicate, type RowOutcome } from '../../../flows/users/import.ts'
import { INVITATION_LIFE } from '../../../flows/users/invitation.ts'
import { formatDuration } from '../../../platform/duration.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { parseColumnMap } from '../../csv-columns.ts'
import { changeFlags, spanFlag } from '../../flags.ts'
import { tellEvery } from '../../progress.ts'
import { type RowReport, rowReport } from '../../row-report.ts'
import {
  IMPORT_FORMATS,
  type ImportFormat,
  inUnits,
  openUsers,
  readUsers,
  type UserRow,
  withoutRepeats,
} from '../../user-rows.ts'

export default operation({
  description:
    'Reads what "authd users export --all" writes. All rows are checked before the first is imported, and each is imported whole or not at all.',
  examples: [
    'authd users import users.jsonl --dry-run',
    'authd users import people.csv --on-duplicate update --reason "new staff"',
    'authd users import staff.csv --map email=Mail --map name="Full name" --invite',
  ],
  args: {
    file: completing(
      'files',
      Args.string({ required: true, description: 'File with one user per line; - reads stdin.' }),
    ),
  },
  flags: {
    format: Flags.string({
      options: [...IMPORT_FORMATS],
      description:
        'File format. Defaults to csv for a name that ends in .csv, else jsonl. keycloak and kratos: one of their users per line.',
    }),
    'rp-id': Flags.string({ description: 'Domain of the passkeys, for --format kratos, which does not name it.' }),
    'on-duplicate': Flags.string({
      options: ['skip', 'update', 'fail'],
      default: 'skip',
      description: 'What to do with users who exist. update adds missing factors and replaces none.',
    }),
    map: completing(
      [],
      Flags.string({
        multiple: true,
        description:
          'Which column of a CSV has what authd calls email: email=Mail. Repeatable. Only these columns are read.',
      }),
    ),
    invite: Flags.boolean({ description: 'Mail an invitation to each new user whose address is not verified.' }),
    expires: spanFlag(INVITATION_LIFE.mostMs)({
      dependsOn: ['invite'],
      description: `Lifetime of the invitations, ${formatDuration(INVITATION_LIFE.mostMs)} at most. Defaults to ${formatDuration(INVITATION_LIFE.usualMs)}.`,
    }),
    partial: Flags.boolean({ description: 'Import the correct rows even if others are wrong.' }),
    ...changeFlags,
  },
  async prepare({ args, flags }) {
    return { input: openUsers(args.file), map: await parseColumnMap(flags.map ?? []) }
  },
  async run(deps, { args, flags, out, actor }, { input, map }, rehearsal) {
    const isDry = flags['dry-run']
    const onDuplicate = flags['on-duplicate'] as OnDuplicate
    const format = (flags.format ?? (/\.csv$/i.test(args.file) ? 'csv' : 'jsonl')) as ImportFormat
    const rpId = flags['rp-id']
    if (rpId !== undefined && format !== 'kratos') {
      throw new AuthdError('USAGE', { message: '--rp-id is for --format kratos. Other exports name it themselves.' })
    }
    if (map !== undefined && format !== 'csv') {
      throw new AuthdError('USAGE', { message: '--map is for --format csv. The other formats name their fields.' })
    }
    const inviteForMs = flags.invite ? (flags.expires ?? INVITATION_LIFE.usualMs) : undefined
    const tell = tellEvery(out)
    const rows = () => withoutRepeats(readUsers(input, { format, rpId, map, now: deps.clock.now() }))
    if (!input.isRepeatable && (flags.fields !== undefined || !(flags.partial || isDry))) {
      throw new AuthdError('USAGE', {
        message: 'A pipe can be read only once, so its rows cannot be checked first. Name a file, or use --partial.',
      })
    }
    const importAll = async (into: Deps, report: RowReport, verb: string) => {
      for await (const part of inUnits(rows())) {
        const right = part.flatMap((row) => ('user' in row ? [row] : []))
        const outcomes = await importUsers(into, actor, {
          rows: right.map(({ user }) => user),
          onDuplicate,
          inviteForMs,
        })
        const became = new Map<UserRow, RowOutcome | undefined>(right.map((row, at) => [row, outcomes[at]]))
        for (const row of part) report.note(row, became.get(row))
        tell(() => `${verb} everything up to line ${report.lastLine()}.`)
      }
    }
    if (!flags.partial && !isDry) {
      const checked = rowReport(args.file)
      await importAll(rehearsal, checked, 'Checked')
      checked.refuse('No user was imported.')
    }
    const report = rowReport(args.file)
    try {
      await importAll(deps, report, isDry ? 'Checked' : 'Imported')
    } catch (error) {
      const { created, updated } = report.counts()
      if (created + updated > 0 && !isDry)
        out.hint(
          `Stopped after line ${report.lastLine()}. ${report.sentence(isDry)} Import the file again to continue.`,
        )
      throw error
    }
    for (const line of report.leftOut()) out.hint(line)
    report.refuse(report.sentence(isDry))
    const { failed: _, ...counts } = report.counts()
    out.object({ ...counts, changed: counts.created + counts.updated > 0 }, [report.sentence(isDry)])
  },
})
