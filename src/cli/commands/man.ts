import { join } from 'node:path'
import { Args } from '@oclif/core'
import { unwritable } from '../../flows/shown-error.ts'
import { replaceFile } from '../../platform/files.ts'
import { makeFolder } from '../../platform/folder.ts'
import { command } from '../command.ts'
import { completing } from '../completion/offer.ts'
import { WITHOUT } from '../flags.ts'
import { manPages } from '../manual/man-page.ts'

export default command({
  without: WITHOUT.configuration,
  description: 'One page for each command: afterwards, man authd-users-list describes authd users list.',
  examples: ['authd man /usr/local/share/man/man1'],
  args: {
    folder: completing(
      'files',
      Args.string({ required: true, description: 'Folder for the pages. Existing ones are replaced.' }),
    ),
  },
  async run({ args, out, catalogue }) {
    const pages = Object.entries(await manPages(catalogue))
    const files = pages.map(([name]) => join(args.folder, name))
    try {
      makeFolder(args.folder)
      for (const [name, page] of pages) replaceFile(join(args.folder, name), page, { mode: 0o644 })
    } catch (cause) {
      throw unwritable(args.folder, cause)
    }
    out.object({ files, changed: true }, [`Wrote ${files.length} pages to ${args.folder}.`])
  },
})
