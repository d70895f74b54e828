import { closeSync, writeFileSync } from 'node:fs'
import { Args, Flags } from '@oclif/core'
import { presentPersonalData } from '../../../resources/personal-data.ts'
import { OperatorCommand, reasonFlag } from '../../command.ts'
import { openNewFile } from '../../new-file.ts'

export default class UsersExport extends OperatorCommand {
  static override summary = 'Everything held on one person, as JSON, for an access request. No secrets.'
  static override examples = ['authd users export ada@example.com -o ada.json --reason "request of 3 November"']
  static override args = {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  }
  static override flags = {
    output: Flags.string({ char: 'o', description: 'A new file, readable by you alone; without it, stdout.' }),
    ...reasonFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UsersExport)
    const { exportUser } = await import('../../../flows/users/export.ts')
    const { resolveUser } = await import('../../../flows/named-user.ts')
    const data = await this.withDeps(flags, async (deps) =>
      exportUser(deps, this.operator(flags.reason), await resolveUser(deps, args.user)),
    )
    const text = `${JSON.stringify(presentPersonalData(data), null, 2)}\n`
    const out = this.output(flags)
    if (flags.output === undefined) {
      out.text(text)
      return
    }
    const file = openNewFile(flags.output)
    writeFileSync(file, text)
    closeSync(file)
    out.hint(`Wrote ${flags.output}.`)
  }
}
