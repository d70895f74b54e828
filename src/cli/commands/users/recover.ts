import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import type { Factor } from '../../../flows/policy/factor.ts'
import { makeRecoveryLink } from '../../../flows/users/recovery-link.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { qrText } from '../../../platform/qr.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { confirm } from '../../output/confirm.ts'
import { parseSpan } from '../../output/time.ts'

const REMOVABLE: Record<string, Factor> = {
  passkeys: 'passkey',
  totp: 'totp',
  'recovery-codes': 'recovery_code',
}

export default operation({
  examples: [
    'authd users recover ada@example.com --remove passkeys,totp --reason "lost phone, checked by video call" --qr',
  ],
  args: {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  },
  flags: {
    remove: Flags.string({
      description: 'Factors to remove: passkeys,totp,recovery-codes. Other factors stay required.',
    }),
    expires: Flags.string({ default: '15m', description: 'Lifetime of the link, 24h at most.' }),
    reason: Flags.string({ required: true, description: 'Reason for the audit log.' }),
    'revoke-sessions': Flags.boolean({ description: 'End the sessions of the user now.' }),
    qr: Flags.boolean({ description: 'Also print a QR code.' }),
  },
  async run(deps, { args, flags, out, actor }) {
    const removes = parseRemove(flags.remove)
    const ttlMs = parseSpan(flags.expires, 'expires', { most: '24h' })
    const { email } = await resolveUser(deps, args.user)
    const what = flags.remove === undefined ? 'removes no factor' : `removes ${flags.remove}`
    const question = `Create a link that signs in as ${email} and ${what}?`
    const remove = flags.remove === undefined ? '' : ` --remove=${flags.remove}`
    await confirm(flags, question, `authd users recover ${email}${remove} --reason="${flags.reason}"`)
    const asked = { name: email, removes, ttlMs, mustEndSessions: flags['revoke-sessions'] }
    const made = await makeRecoveryLink(deps, actor, asked)
    const { id, url, expiresAt, sessionsEnded } = made
    const shown = { id, url, expires_at: toRfc3339(expiresAt), user: presentUser(made.user), removes }
    out.object({ ...shown, sessions_revoked: sessionsEnded, changed: true }, [url, ...(flags.qr ? [qrText(url)] : [])])
    out.hint(
      `It signs in once, within ${flags.expires}. Anyone who has the link can use it. ${email} gets a mail when it is used.`,
    )
  },
})

function parseRemove(text: string | undefined): Factor[] {
  const names = text === undefined || text === '' ? [] : text.split(',').map((name) => name.trim())
  return names.map((name) => {
    const factor = REMOVABLE[name]
    if (factor) return factor
    throw new AuthdError('USAGE', {
      message: `--remove: unknown factor "${name}". Use passkeys, totp or recovery-codes.`,
    })
  })
}
