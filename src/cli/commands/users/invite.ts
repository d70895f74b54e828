import { Args, Flags } from '@oclif/core'
import { INVITATION_LIFE, inviteUsers } from '../../../flows/users/invitation.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { formatDuration } from '../../../platform/duration.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { parseEmail } from '../../emails.ts'
import { changeFlags, langFlag, spanFlag, typedFlag } from '../../flags.ts'

export default operation({
  examples: ['authd users invite bob@example.com', 'authd users invite bob@example.com --no-send --expires 24h --json'],
  args: {
    email: Args.string({ required: true, description: 'One or more e-mail addresses; - reads them from stdin.' }),
  },
  takesMany: 'new',
  flags: {
    name: typedFlag('user_name')({ description: 'Name of the user.' }),
    expires: spanFlag(INVITATION_LIFE.mostMs)({
      default: INVITATION_LIFE.usualMs,
      description: `Lifetime of the invitation, ${formatDuration(INVITATION_LIFE.mostMs)} at most.`,
    }),
    lang: completing('languages', langFlag({ description: 'Language of the mail, such as de.' })),
    send: Flags.boolean({
      default: true,
      allowNo: true,
      description: 'Send the mail. --no-send prints the link instead.',
    }),
    ...changeFlags,
  },
  prepare: ({ each }) => each(parseEmail),
  async run(deps, { flags, out, actor }, emails) {
    const asked = { emails, ttlMs: flags.expires, lang: flags.lang, mustSend: flags.send, name: flags.name ?? null }
    const made = await inviteUsers(deps, actor, asked)
    const valid = formatDuration(flags.expires)
    const changes = made.map(({ id, user, url, expiresAt, messageId }) => {
      const invite = { id, ...(!flags.send && { url }), expires_at: toRfc3339(expiresAt) }
      const done = flags.send ? `Invited ${user.email}. Mail queued (${messageId}). Valid for ${valid}.` : url
      return {
        resource: { user: presentUser(user), invite, message_id: messageId },
        isChanged: true,
        text: out.did(done, `Would invite ${user.email}. Valid for ${valid}.`),
      }
    })
    out.changes(changes)
  },
})
