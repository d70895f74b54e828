import { Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { resetLimits } from '../../../flows/limits/rate-limit-admin.ts'
import { unlockUsers } from '../../../flows/policy/lockout-admin.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd lockouts clear --user ada@example.com', 'authd lockouts clear --ip 203.0.113.9'],
  flags: {
    user: completing('users', Flags.string({ description: 'Unlock this user, as `users unlock` does.' })),
    ip: Flags.string({ description: 'Reset the wrong codes and requests of this address.' }),
    ...changeFlags,
  },
  prepare({ flags: { user, ip } }) {
    if (user === undefined && ip === undefined)
      throw new AuthdError('USAGE', { message: '--user or --ip is required.', suggestions: ['authd lockouts list'] })
  },
  async run(deps, { flags: { user, ip }, out, actor }) {
    const unlocked = user === undefined ? [] : await unlockUsers(deps, actor, [user])
    const codes = unlocked.flatMap((each) => each.cleared.map(({ kind }) => kind))
    const reset = ip === undefined ? [] : (await resetLimits(deps, actor, ip)).map(({ policy }) => policy)
    const cleared = [...codes, ...reset]
    const whose = [user, ip].filter((name) => name !== undefined).join(' and ')
    const text =
      cleared.length > 0
        ? `${out.did('Cleared', 'Would clear')} ${cleared.join(', ')} of ${whose}`
        : `No lockout of ${whose}`
    const resource = { user: user ?? null, ip: ip ?? null, cleared }
    out.changes([{ resource, isChanged: cleared.length > 0, text }])
  },
})
