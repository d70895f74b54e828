import { Args } from '@oclif/core'
import { presentApiKey } from '../../../resources/api-key.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class ApiKeysRevoke extends OperatorCommand {
  static override summary = 'End an API key at once.'
  static override examples = ['authd api-keys revoke key_01m88jw08vedqtrgrr9eqkmg57']
  static override args = { id: Args.string({ required: true, description: 'Its id, from api-keys list.' }) }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ApiKeysRevoke)
    const { endApiKey } = await import('../../../flows/operator/api-key.ts')
    const { key, isChanged } = await this.withDeps(flags, (deps) =>
      endApiKey(deps, this.operator(flags.reason), args.id),
    )
    const text = isChanged ? `Revoked ${key.id} (${key.name})` : `${key.id} was revoked already`
    printChanges(this.output(flags), flags, [{ resource: presentApiKey(key), isChanged, text }])
  }
}
