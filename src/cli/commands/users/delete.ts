import { Args, Flags } from '@oclif/core'
import { resolveUser } from '../../../flows/named-user.ts'
import { removeUser } from '../../../flows/users/delete.ts'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { confirmName } from '../../output/confirm.ts'

export default operation({
  examples: ['authd users delete ada@example.com', 'authd users delete ada@example.com --confirm=ada@example.com'],
  args: {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  },
  flags: {
    confirm: Flags.string({ description: 'The e-mail address of the user, to confirm.' }),
    ...reasonFlag,
    ...dryRunFlag,
  },
  async run(deps, { args, flags, out, actor }) {
    const user = await resolveUser(deps, args.user)
    // Asked between two openings: no lock is held while somebody thinks.
    if (!flags['dry-run']) {
      const question = `This removes ${user.email} and cannot be undone.`
      await confirmName(flags, { question, name: user.email, again: `authd users delete ${args.user}` })
    }
    const { isChanged, sessionsEnded } = await removeUser(deps, actor, user)
    const text = isChanged
      ? `Deleted ${user.email}, ended ${sessionsEnded} sessions`
      : `${user.email} was already deleted`
    const resource = { ...presentUser(user), sessions_revoked: sessionsEnded }
    out.changes([{ resource, isChanged, text }])
  },
})
