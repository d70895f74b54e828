import { Args, Flags } from '@oclif/core'
import { toRfc3339 } from '../../../platform/clock.ts'
import { presentUser } from '../../../resources/user.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { parseEmails } from '../../emails.ts'
import { printChanges } from '../../output/changes.ts'
import { parseSpan } from '../../output/time.ts'

export default class UsersInvite extends OperatorCommand {
  static override summary = 'Invite people: a mail leads them to their first sign-in.'
  static override examples = [
    'authd users invite bob@example.com',
    'authd users invite bob@example.com --no-send --expires 24h --json',
  ]
  static override strict = false
  static override args = {
    email: Args.string({ required: true, description: 'One or more addresses; - reads them from stdin.' }),
  }
  static override flags = {
    name: Flags.string({ description: 'What to call the person.' }),
    expires: Flags.string({ default: '72h', description: 'How long the invitation is good, 90d at most.' }),
    lang: Flags.string({ default: 'en', description: 'Of the mail: en, de.' }),
    send: Flags.boolean({ default: true, allowNo: true, description: 'Send the mail; --no-send prints the link.' }),
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(UsersInvite)
    const { inviteUsers } = await import('../../../flows/users/invitation.ts')
    const emails = parseEmails(await this.named(argv as string[]))
    const ttlMs = parseSpan(flags.expires, 'expires', { most: '90d' })
    const asked = { emails, ttlMs, lang: flags.lang, mustSend: flags.send, name: flags.name ?? null }
    await this.withDeps(flags, async (deps) => {
      const made = await inviteUsers(deps, this.operator(flags.reason), asked)
      const changes = made.map(({ id, user, url, expiresAt, messageId }) => {
        const invite = { id, ...(!flags.send && { url }), expires_at: toRfc3339(expiresAt) }
        return {
          resource: { user: presentUser(user), invite, message_id: messageId },
          isChanged: true,
          text: flags.send ? `Invited ${user.email}. Mail queued (${messageId}); good for ${flags.expires}.` : url,
        }
      })
      printChanges(this.output(flags), flags, changes)
    })
  }
}
