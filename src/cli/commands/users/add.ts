import { Args, Flags } from '@oclif/core'
import { addUsers, refuseTaken } from '../../../flows/users/add.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { parseEmail } from '../../emails.ts'
import { changeFlags, typedFlag } from '../../flags.ts'

export default operation({
  examples: ['authd users add ada@example.com --name "Ada Lovelace"', 'authd users add - < addresses.txt'],
  args: {
    email: Args.string({ required: true, description: 'One or more e-mail addresses; - reads them from stdin.' }),
  },
  takesMany: 'new',
  flags: {
    name: typedFlag('user_name')({ description: 'Name of the user.' }),
    verified: Flags.boolean({ description: 'Mark the address as verified.' }),
    'if-not-exists': Flags.boolean({ description: 'No error for users who already exist.' }),
    ...changeFlags,
  },
  prepare: ({ each }) => each(parseEmail),
  async run(deps, { flags, each, out, actor }, emails) {
    if (!flags['if-not-exists']) await each((name) => refuseTaken(deps, parseEmail(name)))
    const input = { emails, name: flags.name ?? null, isVerified: flags.verified, mayExist: flags['if-not-exists'] }
    const added = await addUsers(deps, actor, input)
    out.changes(
      added.map(({ user, isNew }) => ({
        resource: presentUser(user),
        isChanged: isNew,
        text: isNew
          ? `${out.did('Added', 'Would add')} ${user.email}  ${user.id}`
          : `${user.email} already exists  ${user.id}`,
      })),
    )
  },
})
