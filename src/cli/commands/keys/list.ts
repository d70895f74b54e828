import { listKeys } from '../../../flows/sessions/signing-key.ts'
import { type KeyResource, presentKey } from '../../../resources/signing-key.ts'
import { operation } from '../../command.ts'
import { listFlags } from '../../flags.ts'
import type { Column } from '../../output/column.ts'
import { heldRows } from '../../output/parts.ts'

const COLUMNS: Column<KeyResource>[] = [
  { header: 'KID', value: ({ kid }) => kid },
  { header: 'ALG', spare: 1, value: ({ alg }) => alg },
  { header: 'STATE', value: ({ state }) => state },
  { header: 'SIGNS FROM', value: ({ signs_from }) => signs_from, isTime: true },
  { header: 'VERIFIES UNTIL', spare: 2, value: ({ verifies_until }) => verifies_until, isTime: true },
]

export default operation({
  hasColumns: true,
  examples: ['authd keys list'],
  flags: listFlags,
  async run(deps, { flags, out }) {
    const keys = await listKeys(deps)
    await out.parts(
      heldRows(keys.map(presentKey), ({ kid }) => kid),
      COLUMNS,
      flags,
    )
  },
})
