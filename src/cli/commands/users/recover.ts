import { Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { resolveUser } from '../../../flows/named-user.ts'
import type { Factor } from '../../../flows/policy/factor.ts'
import { makeRecoveryLink, RECOVERY_LINK_LIFE } from '../../../flows/users/recovery-link.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { formatDuration } from '../../../platform/duration.ts'
import { qrText } from '../../../platform/qr.ts'
import { presentUser } from '../../../resources/user.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { dryRunFlag, spanFlag, typedFlag, userArg } from '../../flags.ts'

const REMOVABLE = new Map<string, Factor>([
  ['passkeys', 'passkey'],
  ['totp', 'totp'],
  ['recovery-codes', 'recovery_code'],
])

export default operation({
  examples: [
    'authd users recover ada@example.com --remove passkeys,totp --reason "lost phone, checked by video call" --qr',
  ],
  args: userArg,
  flags: {
    remove: completing(
      [...REMOVABLE.keys()],
      Flags.string({
        description: 'Factors to remove: passkeys,totp,recovery-codes. Other factors stay required.',
      }),
    ),
    expires: spanFlag(RECOVERY_LINK_LIFE.mostMs)({
      default: RECOVERY_LINK_LIFE.usualMs,
      description: `Lifetime of the link, ${formatDuration(RECOVERY_LINK_LIFE.mostMs)} at most. Defaults to ${formatDuration(RECOVERY_LINK_LIFE.usualMs)}.`,
    }),
    reason: typedFlag('reason')({ required: true, description: 'Reason for the audit log.' }),
    'revoke-sessions': Flags.boolean({ description: 'End the sessions of the user now.' }),
    qr: Flags.boolean({ description: 'Also print a QR code.' }),
    ...dryRunFlag,
  },
  prepare: ({ flags }) => parseRemove(flags.remove),
  async run(deps, { args, flags, out, actor, confirm }, removes) {
    const { email } = await resolveUser(deps, args.user)
    const what = flags.remove === undefined ? 'removes no factor' : `removes ${flags.remove}`
    await confirm(`Create a link that signs in as ${email} and ${what}?`)
    const asked = { name: email, removes, ttlMs: flags.expires, mustEndSessions: flags['revoke-sessions'] }
    const made = await makeRecoveryLink(deps, actor, asked)
    const { id, url, expiresAt, sessionsEnded, notEnrolled } = made
    const shown = { id, url, expires_at: toRfc3339(expiresAt), user: presentUser(made.user), removes }
    const lines = flags.qr ? [url, qrText(url)] : [url]
    const isDry = flags['dry-run']
    out.object(
      { ...shown, sessions_revoked: sessionsEnded, changed: true },
      isDry ? [`Would create a link that ${what}`] : lines,
    )
    const missing = [...REMOVABLE].filter(([, factor]) => notEnrolled.includes(factor)).map(([name]) => name)
    if (missing.length > 0) out.hint(`${email} has no ${missing.join(' and no ')} to remove.`)
    if (isDry) return
    out.hint(
      `It signs in once, within ${formatDuration(flags.expires)}. Anyone who has the link can use it. ${email} gets a mail when it is used.`,
    )
  },
})

function parseRemove(text: string | undefined): Factor[] {
  const names = text === undefined || text === '' ? [] : text.split(',').map((name) => name.trim())
  return names.map((name) => {
    const factor = REMOVABLE.get(name)
    if (factor) return factor
    throw new AuthdError('USAGE', {
      message: `--remove: unknown factor "${name}". Use passkeys, totp or recovery-codes.`,
    })
  })
}
