import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { revokeByOperator, showSession } from '../../../flows/sessions/session-admin.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { formatDuration } from '../../../platform/duration.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags, refuseBoth, timeFlag } from '../../flags.ts'
import { counted } from '../../output/count.ts'

export default operation({
  examples: ['authd sessions revoke ses_01m88jw08vedqtrgrr9eqkmg57', 'authd sessions revoke --user ada@example.com'],
  args: {
    id: completing(
      'sessions',
      Args.string({ description: 'Session ids, as `authd sessions list` shows them. `-` reads them from stdin.' }),
    ),
  },
  takesMany: 'known',
  flags: {
    user: completing('users', Flags.string({ description: 'End all sessions of this user.' })),
    'older-than': timeFlag({ description: 'End all sessions older than this: 30d.' }),
    all: Flags.boolean({ description: 'End the sessions of all users.', exclusive: ['user', 'older-than'] }),
    confirm: Flags.string({ description: 'With --all: the word all, to confirm.' }),
    ...changeFlags,
  },
  async prepare({ flags, names, isNamed, confirm, confirmName }) {
    const { user, all, 'older-than': createdBefore } = flags
    refuseBoth(isNamed, { user, all, 'older-than': createdBefore })
    if (names.length === 0 && user === undefined && createdBefore === undefined && !all) {
      throw new AuthdError('USAGE', {
        message: 'No sessions named. Use ids, --user, --older-than or --all.',
        suggestions: ['authd sessions list'],
      })
    }
    if (all) await confirmName('all', 'This signs out all users.')
    else if (createdBefore !== undefined) await confirm(`End every session created before ${toRfc3339(createdBefore)}?`)
  },
  async run(deps, { flags, isNamed, each, out, actor }) {
    const ids = isNamed ? (await each((id) => showSession(deps, id))).map(({ id }) => id) : undefined
    const ended = await revokeByOperator(deps, actor, { ids, user: flags.user, createdBefore: flags['older-than'] })
    const users = new Set(ended.map(({ userId }) => userId)).size
    const ttlMs = deps.config.current().tokens.accessTtl
    const result = {
      revoked: ended.length,
      users,
      access_token_ttl_seconds: ttlMs / 1000,
      changed: ended.length > 0,
    }
    out.object(result, [
      `${out.did('Revoked', 'Would revoke')} ${counted(ended.length, 'session')} of ${counted(users, 'user')}.`,
      ...(ended.length > 0
        ? [
            `Access tokens already issued ${out.did('stay', 'would stay')} valid up to ${formatDuration(ttlMs)} where apps verify offline.`,
          ]
        : []),
    ])
  },
})
