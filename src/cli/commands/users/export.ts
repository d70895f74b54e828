import { Flags } from '@oclif/core'
import { resolveUser } from '../../../flows/named-user.ts'
import { exportUser } from '../../../flows/users/export.ts'
import { presentPersonalData } from '../../../resources/personal-data.ts'
import { operation } from '../../command.ts'
import { reasonFlag, userArg } from '../../flags.ts'
import { newFile, writing } from '../../new-file.ts'
import { cleanJson, inLines } from '../../output/clean.ts'

export default operation({
  examples: ['authd users export ada@example.com -o ada.json --reason "request of 3 November"'],
  args: userArg,
  flags: {
    output: Flags.string({ char: 'o', description: 'Write to this new file instead of stdout. Only you can read it.' }),
    ...reasonFlag,
  },
  prepare: ({ flags }) => (flags.output === undefined ? undefined : newFile(flags.output)),
  async run(deps, { args, flags, out, actor }, file) {
    await writing(file, async () => {
      const data = await exportUser(deps, actor, await resolveUser(deps, args.user))
      const text = inLines([cleanJson(presentPersonalData(data), 2)])
      if (file === undefined) out.text(text)
      else file.append(text)
    })
    if (flags.output !== undefined) out.hint(`Wrote ${flags.output}.`)
  },
})
