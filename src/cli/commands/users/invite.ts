import { Args, Flags } from '@oclif/core'
import { inviteUsers } from '../../../flows/users/invitation.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { parseEmails } from '../../emails.ts'
import { parseSpan } from '../../output/time.ts'

export default operation({
  examples: ['authd users invite bob@example.com', 'authd users invite bob@example.com --no-send --expires 24h --json'],
  args: {
    email: Args.string({ required: true, description: 'One or more e-mail addresses; - reads them from stdin.' }),
  },
  takesMany: true,
  flags: {
    name: Flags.string({ description: 'Name of the user.' }),
    expires: Flags.string({ default: '72h', description: 'Lifetime of the invitation, 90d at most.' }),
    lang: Flags.string({ default: 'en', description: 'Language of the mail: en, de.' }),
    send: Flags.boolean({
      default: true,
      allowNo: true,
      description: 'Send the mail. --no-send prints the link instead.',
    }),
    ...reasonFlag,
    ...dryRunFlag,
  },
  async run(deps, { flags, names, out, actor }) {
    const emails = parseEmails(names)
    const ttlMs = parseSpan(flags.expires, 'expires', { most: '90d' })
    const asked = { emails, ttlMs, lang: flags.lang, mustSend: flags.send, name: flags.name ?? null }
    const made = await inviteUsers(deps, actor, asked)
    const changes = made.map(({ id, user, url, expiresAt, messageId }) => {
      const invite = { id, ...(!flags.send && { url }), expires_at: toRfc3339(expiresAt) }
      return {
        resource: { user: presentUser(user), invite, message_id: messageId },
        isChanged: true,
        text: flags.send ? `Invited ${user.email}. Mail queued (${messageId}). Valid for ${flags.expires}.` : url,
      }
    })
    out.changes(changes)
  },
})
