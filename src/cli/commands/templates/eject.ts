import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { unwritable } from '../../../flows/shown-error.ts'
import { closest } from '../../../platform/closest.ts'
import { replaceFile } from '../../../platform/files.ts'
import { makeFolder } from '../../../platform/folder.ts'
import { shell } from '../../../platform/shell.ts'
import { sourceNames, sourcesOf } from '../../../startup/live-texts.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { refuseFlags, WITHOUT } from '../../flags.ts'

export default command({
  without: WITHOUT.database,
  description:
    'Without a name all of them: layout, and those of code, notice, signin and test. With the name of a mail, such as invitation, files for this mail alone.',
  examples: ['authd templates eject signin', 'authd templates eject invitation --dir ./templates'],
  args: { name: completing('template-names', Args.string({ description: 'Names of templates or mails.' })) },
  takesMany: 'new',
  flags: {
    dir: completing('files', Flags.string({ description: 'Target folder. Defaults to mail.templates_dir.' })),
    force: Flags.boolean({ description: 'Replace existing files.' }),
  },
  async run({ flags, isNamed, each, out, loadConfig }) {
    if (flags.dir !== undefined) refuseFlags(flags, ['config', 'verbose'], 'with --dir no configuration is read.')
    const folder = resolve(flags.dir ?? (await loadConfig()).config.mail.templatesDir)
    const found = !isNamed ? ALL.map(filesOf) : await each(filesOf)
    const files: Record<string, string> = Object.assign({}, ...found)
    const written = Object.keys(files).map((name) => join(folder, name))
    if (!flags.force) refuseExisting(written)
    try {
      makeFolder(folder, 0o755)
      for (const [name, text] of Object.entries(files)) replaceFile(join(folder, name), text, { mode: 0o644 })
    } catch (cause) {
      throw unwritable(folder, cause, ['run the command with sudo', 'authd templates eject --dir ./templates'])
    }
    out.object({ files: written }, written)
    out.hint(
      'Change them, then: authd templates check, and reload the daemon. Delete those that you leave as they are.',
    )
  },
})

/** Writes all or nothing, because half a set does not fit together. */
function refuseExisting(paths: string[]): void {
  const there = paths.filter((path) => existsSync(path))
  if (there.length === 0) return
  throw new AuthdError('FILE_EXISTS', {
    message: `Nothing was written: ${there.join(', ')} already ${there.length === 1 ? 'exists' : 'exist'}. Use --force to replace.`,
  })
}

const ALL = ['layout', 'signin', 'code', 'notice', 'test']

/** The files of a template. Throws USAGE for an unknown one. */
function filesOf(name: string): Record<string, string> {
  const files = sourcesOf(name.replace(/\.(mjml|txt)$/, ''))
  if (files) return files
  const near = closest(name, sourceNames())
  throw new AuthdError('USAGE', {
    message: `Unknown template "${name}". Available: ${sourceNames().join(', ')}.`,
    suggestions: near ? [shell`authd templates eject ${near}`] : [],
  })
}
