import { Args, Flags } from '@oclif/core'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { parseEmails } from '../../emails.ts'
import { printChanges } from '../../output/changes.ts'

export default class UsersAdd extends OperatorCommand {
  static override summary = 'Add people. They sign in by mail; nothing is sent now.'
  static override examples = [
    'authd users add ada@example.com --name "Ada Lovelace"',
    'authd users add - < addresses.txt',
  ]
  static override strict = false
  static override args = {
    email: Args.string({ required: true, description: 'One or more addresses; - reads them from stdin.' }),
  }
  static override flags = {
    name: Flags.string({ description: 'What to call the person.' }),
    verified: Flags.boolean({ description: 'You know the address to be theirs.' }),
    'if-not-exists': Flags.boolean({ description: 'No error for people who are there already.' }),
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(UsersAdd)
    const { addUsers } = await import('../../../flows/users/add.ts')
    const emails = parseEmails(await this.named(argv as string[]))
    await this.withDeps(flags, async (deps) => {
      const input = { emails, name: flags.name ?? null, isVerified: flags.verified, mayExist: flags['if-not-exists'] }
      const added = await addUsers(deps, this.operator(flags.reason), input)
      printChanges(
        this.output(flags),
        flags,
        added.map(({ user, isNew }) => ({
          resource: presentUser(user),
          isChanged: isNew,
          text: isNew ? `Added ${user.email}  ${user.id}` : `${user.email} was there already  ${user.id}`,
        })),
      )
    })
  }
}
