import { Flags } from '@oclif/core'
import { resolveUser } from '../../../flows/named-user.ts'
import { removeUser } from '../../../flows/users/delete.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { changeFlags, usersArg } from '../../flags.ts'
import { counted } from '../../output/count.ts'

export default operation({
  examples: ['authd users delete ada@example.com', 'authd users delete ada@example.com --confirm=ada@example.com'],
  args: usersArg,
  takesMany: 'known',
  flags: {
    confirm: Flags.string({
      description: 'The e-mail address of the user, or "3 users" for three of them, to confirm.',
    }),
    ...changeFlags,
  },
  async run(deps, { each, out, actor, confirmName }) {
    const users = await each((name) => resolveUser(deps, name))
    const [only] = users
    const whom = users.length === 1 && only ? only.email : counted(users.length, 'user')
    if (only) await confirmName(whom, `This removes ${whom} and cannot be undone.`)
    const changes = []
    for (const user of users) {
      const { isChanged, sessionsEnded } = await removeUser(deps, actor, user)
      const text = isChanged
        ? `${out.did('Deleted', 'Would delete')} ${user.email}, ${out.did('ended', 'would end')} ${counted(sessionsEnded, 'session')}`
        : `${user.email} was already deleted`
      changes.push({ resource: { ...presentUser(user), sessions_revoked: sessionsEnded }, isChanged, text })
    }
    out.changes(changes)
  },
})
