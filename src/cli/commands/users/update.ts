import { Flags } from '@oclif/core'
import { updateUser } from '../../../flows/users/update.ts'
import { presentUser } from '../../../resources/user.ts'
import type { MfaPolicy } from '../../../store/users.ts'
import { operation } from '../../command.ts'
import { changeFlags, emailFlag, typedFlag, userArg } from '../../flags.ts'

export default operation({
  examples: [
    'authd users update ada@example.com --name "Ada Lovelace"',
    'authd users update ada@example.com --mfa-policy required --reason "handles payments"',
  ],
  args: userArg,
  flags: {
    name: typedFlag('user_name', { least: 0 })({ description: 'Name of the user. Empty removes it.' }),
    email: emailFlag({
      description: 'New e-mail address. A verified old one gets a mail about the change, without a link to undo it.',
    }),
    verified: Flags.boolean({
      dependsOn: ['email'],
      description: 'Mark the new address as verified. Without it, the next sign-in by mail verifies it.',
    }),
    'mfa-policy': Flags.string({
      options: ['optional', 'required', 'default'],
      description: 'When a second factor is due: if the user has one, always, or as mfa.policy says.',
    }),
    ...changeFlags,
  },
  async run(deps, { args, flags, out, actor }) {
    const policy = flags['mfa-policy']
    const update = {
      user: args.user,
      name: flags.name === undefined ? undefined : flags.name || null,
      email: flags.email,
      isVerified: flags.verified,
      mfaPolicy: policy === undefined ? undefined : policy === 'default' ? null : (policy as MfaPolicy),
    }
    const { before, after } = await updateUser(deps, actor, update)
    const old = presentUser(before) as Record<string, unknown>
    const resource = presentUser(after)
    const diff = Object.entries(resource).filter(([name, value]) => old[name] !== value)
    const lines = diff.map(
      ([name, value]) => `${out.did(name, `would change ${name}`)}  ${old[name] ?? 'none'} → ${value ?? 'none'}`,
    )
    const text = lines.length > 0 ? lines : 'Nothing to change'
    out.changes([{ resource, isChanged: diff.length > 0, text }])
    if (before.email !== after.email && !flags.verified) {
      out.hint('The new address is not verified until the user signs in with a mail sent there.')
    }
  },
})
