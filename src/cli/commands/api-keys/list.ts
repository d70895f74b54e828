import { listKeysForApi } from '../../../flows/operator/api-key.ts'
import { type ApiKeyResource, presentApiKey } from '../../../resources/api-key.ts'
import { operation } from '../../command.ts'
import { listFlags } from '../../flags.ts'
import type { Column } from '../../output/column.ts'
import { heldRows } from '../../output/parts.ts'

const COLUMNS: Column<ApiKeyResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'NAME', isText: true, value: ({ name }) => name },
  { header: 'SCOPES', isText: true, value: ({ scopes }) => scopes.join(',') },
  { header: 'STATE', value: ({ revoked }) => (revoked ? 'revoked' : 'active') },
  { header: 'EXPIRES', spare: 2, value: ({ expires_at }) => expires_at, isTime: true },
  { header: 'LAST USED', spare: 1, value: ({ last_used_at }) => last_used_at, isTime: true },
]

export default operation({
  hasColumns: true,
  examples: ['authd api-keys list'],
  flags: listFlags,
  async run(deps, { flags, out }) {
    const keys = await listKeysForApi(deps)
    await out.parts(
      heldRows(keys.map(presentApiKey), ({ id }) => id),
      COLUMNS,
      flags,
    )
  },
})
