import { Flags } from '@oclif/core'
import { SCOPES, type Scope } from '../../../flows/api-key.ts'
import { presentApiKey } from '../../../resources/api-key.ts'
import { OperatorCommand, reasonFlag } from '../../command.ts'
import { parseExpiry } from '../../time.ts'

export default class ApiKeysCreate extends OperatorCommand {
  static override summary = 'Make an API key. It is shown once, on stdout, and kept nowhere.'
  static override examples = ['authd api-keys create --name shop --scope introspect --expires 90d']
  static override flags = {
    name: Flags.string({ required: true, description: 'What it is for.' }),
    scope: Flags.string({
      required: true,
      multiple: true,
      options: [...SCOPES],
      description: 'What it may do; repeatable.',
    }),
    expires: Flags.string({ description: 'After so long: 90d. Without it, when you revoke it.' }),
    ...reasonFlag,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ApiKeysCreate)
    const { createApiKey } = await import('../../../flows/api-key.ts')
    const expiresAt = flags.expires === undefined ? null : parseExpiry(flags.expires, 'expires')
    const input = { name: flags.name, scopes: flags.scope as Scope[], expiresAt }
    const { key, token } = await this.withDeps(flags, (deps) => createApiKey(deps, this.operator(flags.reason), input))
    const out = this.output(flags)
    out.object({ ...presentApiKey(key), secret: token, changed: true }, [token])
    out.hint(`Made ${key.id}. Copy the key now: it cannot be shown again.`)
  }
}
