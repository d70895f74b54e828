import { type ApiKeyResource, presentApiKey } from '../../../resources/api-key.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<ApiKeyResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'NAME', value: ({ name }) => name },
  { header: 'SCOPES', value: ({ scopes }) => scopes.join(',') },
  { header: 'STATE', value: ({ revoked }) => (revoked ? 'revoked' : 'active') },
  { header: 'EXPIRES', value: ({ expires_at }) => expires_at, isTime: true },
  { header: 'LAST USED', value: ({ last_used_at }) => last_used_at, isTime: true },
]

export default class ApiKeysList extends OperatorCommand {
  static override summary = 'Keys of servers that call the API. Never the keys themselves.'

  async run(): Promise<void> {
    const { flags } = await this.parse(ApiKeysList)
    const { listKeysForApi } = await import('../../../flows/operator/api-key.ts')
    const keys = await this.withDeps(flags, (deps) => listKeysForApi(deps))
    this.output(flags).list(keys.map(presentApiKey), COLUMNS)
  }
}
