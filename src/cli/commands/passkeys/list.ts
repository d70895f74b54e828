import { Args } from '@oclif/core'
import { type PasskeyResource, presentPasskey } from '../../../resources/passkey.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<PasskeyResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'NAME', value: ({ name }) => name },
  { header: 'MAKER', value: ({ maker }) => maker },
  { header: 'SYNCED', value: ({ synced }) => (synced ? 'yes' : 'no') },
  { header: 'CREATED', value: ({ created_at }) => created_at, isTime: true },
  { header: 'LAST USED', value: ({ last_used_at }) => last_used_at, isTime: true },
]

export default class PasskeysList extends OperatorCommand {
  static override summary = "A person's passkeys, oldest first."
  static override examples = ['authd passkeys list ada@example.com']
  static override args = {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PasskeysList)
    const { listPasskeysOf } = await import('../../../flows/factors/admin.ts')
    const { passkeys } = await this.withDeps(flags, (deps) => listPasskeysOf(deps, args.user))
    this.output(flags).list(passkeys.map(presentPasskey), COLUMNS)
  }
}
