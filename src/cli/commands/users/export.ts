import { closeSync, writeFileSync } from 'node:fs'
import { Flags } from '@oclif/core'
import { resolveUser } from '../../../flows/named-user.ts'
import { exportUser } from '../../../flows/users/export.ts'
import { presentPersonalData } from '../../../resources/personal-data.ts'
import { operation } from '../../command.ts'
import { reasonFlag, userArg } from '../../flags.ts'
import { openNewFile } from '../../new-file.ts'
import { cleanJson, inLines } from '../../output/clean.ts'

export default operation({
  examples: ['authd users export ada@example.com -o ada.json --reason "request of 3 November"'],
  args: userArg,
  flags: {
    output: Flags.string({ char: 'o', description: 'Write to this new file instead of stdout. Only you can read it.' }),
    ...reasonFlag,
  },
  async run(deps, { args, flags, out, actor }) {
    const data = await exportUser(deps, actor, await resolveUser(deps, args.user))
    const text = inLines([cleanJson(presentPersonalData(data), 2)])
    if (flags.output === undefined) {
      out.text(text)
      return
    }
    const file = openNewFile(flags.output)
    writeFileSync(file, text)
    closeSync(file)
    out.hint(`Wrote ${flags.output}.`)
  },
})
