import { listPasskeysOf } from '../../../flows/factors/factor-admin.ts'
import { type PasskeyResource, presentPasskey } from '../../../resources/passkey.ts'
import { operation } from '../../command.ts'
import { listFlags, userArg } from '../../flags.ts'
import type { Column } from '../../output/column.ts'
import { heldRows } from '../../output/parts.ts'

const COLUMNS: Column<PasskeyResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'NAME', isText: true, value: ({ name }) => name },
  { header: 'MAKER', isText: true, spare: 1, value: ({ maker }) => maker },
  { header: 'SYNCED', spare: 2, value: ({ synced }) => (synced ? 'yes' : 'no') },
  { header: 'CREATED', spare: 3, value: ({ created_at }) => created_at, isTime: true },
  { header: 'LAST USED', value: ({ last_used_at }) => last_used_at, isTime: true },
]

export default operation({
  hasColumns: true,
  examples: ['authd passkeys list ada@example.com'],
  args: userArg,
  flags: listFlags,
  async run(deps, { args, flags, out }) {
    const { passkeys } = await listPasskeysOf(deps, args.user)
    await out.parts(
      heldRows(passkeys.map(presentPasskey), ({ id }) => id),
      COLUMNS,
      flags,
    )
  },
})
