import { Flags } from '@oclif/core'
import { resolveUser } from '../../../flows/named-user.ts'
import { removeUser } from '../../../flows/users/delete.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, userArg } from '../../flags.ts'
import { counted } from '../../output/count.ts'

export default operation({
  examples: ['authd users delete ada@example.com', 'authd users delete ada@example.com --confirm=ada@example.com'],
  args: userArg,
  flags: {
    confirm: Flags.string({ description: 'The e-mail address of the user, to confirm.' }),
    ...changeFlags,
  },
  async run(deps, { args, out, actor, confirmName }) {
    const user = await resolveUser(deps, args.user)
    await confirmName(user.email, `This removes ${user.email} and cannot be undone.`)
    const { isChanged, sessionsEnded } = await removeUser(deps, actor, user)
    const text = isChanged
      ? `${out.did('Deleted', 'Would delete')} ${user.email}, ${out.did('ended', 'would end')} ${counted(sessionsEnded, 'session')}`
      : `${user.email} was already deleted`
    const resource = { ...presentUser(user), sessions_revoked: sessionsEnded }
    out.changes([{ resource, isChanged, text }])
  },
})
