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
      description: 'What it takes away: passkeys,totp,recovery-codes. What is not named stays due.',
    }),
    expires: Flags.string({ default: '15m', description: 'How long it works, 24h at most.' }),
    reason: Flags.string({ required: true, description: 'Why, for the audit log.' }),
    'revoke-sessions': Flags.boolean({ description: 'End their sessions now.' }),
    qr: Flags.boolean({ description: 'Show it as a QR code, too.' }),
  },
  async run(deps, { args, flags, out, actor }) {
    const removes = parseRemove(flags.remove)
    const ttlMs = parseSpan(flags.expires, 'expires', { most: '24h' })
    const { email } = await resolveUser(deps, args.user)
    const what = flags.remove === undefined ? 'takes no factor away' : `takes away ${flags.remove}`
    const question = `Make a link that signs in as ${email} and ${what}?`
    const remove = flags.remove === undefined ? '' : ` --remove=${flags.remove}`
    await confirm(flags, question, `authd users recover ${email}${remove} --reason="${flags.reason}"`)
    const asked = { name: email, removes, ttlMs, mustEndSessions: flags['revoke-sessions'] }
    const made = await makeRecoveryLink(deps, actor, asked)
    const { id, url, expiresAt, sessionsEnded } = made
    const shown = { id, url, expires_at: toRfc3339(expiresAt), user: presentUser(made.user), removes }
    out.object({ ...shown, sessions_revoked: sessionsEnded, changed: true }, [url, ...(flags.qr ? [qrText(url)] : [])])
    out.hint(
      `It signs in once, within ${flags.expires}, and whoever has it can use it. ${email} is told when it is used.`,
    )
  },
})

function parseRemove(text: string | undefined): Factor[] {
  const names = text === undefined || text === '' ? [] : text.split(',').map((name) => name.trim())
  return names.map((name) => {
    const factor = REMOVABLE[name]
    if (factor) return factor
    throw new AuthdError('USAGE', {
      message: `--remove: there is no "${name}". There are passkeys, totp, recovery-codes.`,
    })
  })
}
