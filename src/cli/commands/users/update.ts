import { Flags } from '@oclif/core'
import { resolveUser } from '../../../flows/named-user.ts'
import { updateUser } from '../../../flows/users/update.ts'
import { presentUser } from '../../../resources/user.ts'
import type { MfaPolicy } from '../../../store/users.ts'
import { operation } from '../../command.ts'
import { changeFlags, emailFlag, refuseFlags, typedFlag, usersArg } from '../../flags.ts'

export default operation({
  examples: [
    'authd users update ada@example.com --name "Ada Lovelace"',
    'authd users update ada@example.com --mfa-policy required --reason "handles payments"',
    'authd users list --without passkey --jsonl | jq -r .id | authd users update - --mfa-policy required',
  ],
  args: usersArg,
  takesMany: 'known',
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
  prepare({ flags, names }) {
    if (names.length > 1) refuseFlags(flags, ['email', 'verified'], 'goes with one user only.')
  },
  async run(deps, { flags, names, each, out, actor }) {
    const policy = flags['mfa-policy']
    const update = {
      name: flags.name === undefined ? undefined : flags.name || null,
      email: flags.email,
      isVerified: flags.verified,
      mfaPolicy: policy === undefined ? undefined : policy === 'default' ? null : (policy as MfaPolicy),
    }
    const changes = []
    let isMoved = false
    for (const { id } of await each((name) => resolveUser(deps, name))) {
      const { before, after } = await updateUser(deps, actor, { user: id, ...update })
      isMoved ||= before.email !== after.email
      const old = presentUser(before) as Record<string, unknown>
      const resource = presentUser(after)
      const diff = Object.entries(resource).filter(([name, value]) => old[name] !== value)
      const lines = diff.map(
        ([name, value]) => `${out.did(name, `would change ${name}`)}  ${old[name] ?? 'none'} → ${value ?? 'none'}`,
      )
      const text = lines.length > 0 ? lines : ['Nothing to change']
      const isChanged = diff.length > 0
      changes.push({
        resource,
        isChanged,
        text: names.length > 1 ? text.map((line) => `${resource.email}  ${line}`) : text,
      })
    }
    out.changes(changes)
    if (isMoved && !flags.verified) {
      out.hint('The new address is not verified until the user signs in with a mail sent there.')
    }
  },
})
