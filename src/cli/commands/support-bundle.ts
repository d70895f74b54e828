import { Flags } from '@oclif/core'
import { fileStamp, systemClock } from '../../platform/clock.ts'
import { tarGz } from '../../platform/tar.ts'
import { command } from '../command.ts'
import { completing } from '../completion/offer.ts'
import { refuseFlags, timeFlag, WITHOUT } from '../flags.ts'
import { loadConfigOf } from '../load-config.ts'
import { newFile, writing } from '../new-file.ts'
import { renderCard } from '../output/card.ts'
import { collectBundle } from '../support-bundle.ts'

export default command({
  description:
    'Shows what it has collected, and asks before it writes it. Secrets, mail addresses, IP addresses and ids are removed. Read it all the same before you send it.',
  examples: [
    'authd support-bundle',
    'authd support-bundle --yes -o bundle.tar.gz',
    'authd support-bundle --since 2h',
    'authd support-bundle -y -o - | tar -tz',
  ],
  flags: {
    output: completing(
      'files',
      Flags.string({
        char: 'o',
        description: 'Write to this new file; - is stdout. Defaults to a name with the time.',
      }),
    ),
    since: timeFlag({ description: 'The log and crash reports since this time: 24h (ago) or 2026-11-23.' }),
    offline: Flags.boolean({ description: 'Ask no other machine.' }),
  },
  async run({ flags, out, confirm }) {
    const now = systemClock.now()
    const path = flags.output ?? `authd-support-${fileStamp(now)}.tar.gz`
    if (path === '-') refuseFlags(flags, WITHOUT.results, 'with -o - the archive is the output. Name a file.')
    const loaded = await loadConfigOf({ ...flags, quiet: true })
    const file = path === '-' ? undefined : newFile(path)
    await writing(file, async () => {
      const entries = await collectBundle(loaded, flags, { isOffline: flags.offline, since: flags.since })
      const sizes = entries.map(({ name, text, about }) => ({ name, bytes: Buffer.byteLength(text), about }))
      for (const line of renderCard(sizes.map(({ name, bytes, about }) => [name, `${bytes} bytes: ${about}`])))
        out.hint(line)
      await confirm(`Write them to ${path === '-' ? 'stdout' : path}?`)
      const archive = tarGz(entries, now)
      if (file === undefined) out.bytes(archive)
      else file.append(archive)
      if (file !== undefined) out.object({ path, entries: sizes, changed: true }, [path])
    })
  },
})
