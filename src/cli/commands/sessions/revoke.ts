import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { revokeByOperator } from '../../../flows/sessions/admin.ts'
import { formatDuration } from '../../../platform/duration.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { confirm, confirmName } from '../../output/confirm.ts'
import { parseTime } from '../../output/time.ts'

export default operation({
  examples: ['authd sessions revoke ses_01m88jw08vedqtrgrr9eqkmg57', 'authd sessions revoke --user ada@example.com'],
  args: { id: Args.string({ description: 'Ids; - reads them from stdin.' }) },
  takesMany: true,
  flags: {
    user: Flags.string({ description: 'End all sessions of this user.' }),
    'older-than': Flags.string({ description: 'End all sessions older than this: 30d.' }),
    all: Flags.boolean({ description: 'End the sessions of all users.' }),
    confirm: Flags.string({ description: 'With --all: the word all, to confirm.' }),
    ...reasonFlag,
    ...dryRunFlag,
  },
  async run(deps, { flags, names, out, actor }) {
    const ids = names
    const { user, all, 'older-than': olderThan } = flags
    if (ids.length === 0 && user === undefined && olderThan === undefined && !all) {
      throw new AuthdError('USAGE', {
        message: 'no sessions named. Use ids, --user, --older-than or --all.',
        suggestions: ['authd sessions list'],
      })
    }
    if (!flags['dry-run'] && all) {
      await confirmName(flags, {
        question: 'This signs out all users.',
        name: 'all',
        again: 'authd sessions revoke --all',
      })
    } else if (!flags['dry-run'] && olderThan !== undefined) {
      await confirm(
        flags,
        `End every session that began more than ${olderThan} ago?`,
        `authd sessions revoke --older-than ${olderThan}`,
      )
    }
    const createdBefore = olderThan === undefined ? undefined : parseTime(olderThan, 'older-than')
    const selection = { ids: ids.length > 0 ? ids : undefined, user, createdBefore }
    const ended = await revokeByOperator(deps, actor, selection)
    const people = new Set(ended.map(({ userId }) => userId)).size
    const ttlMs = deps.config.current().tokens.accessTtl
    const result = {
      revoked: ended.length,
      users: people,
      access_token_ttl_seconds: ttlMs / 1000,
      changed: ended.length > 0,
    }
    const verb = flags['dry-run'] ? 'Would revoke' : 'Revoked'
    out.object({ ...result, ...(flags['dry-run'] && { dry_run: true }) }, [
      `${verb} ${ended.length} sessions of ${people} users.`,
      ...(ended.length > 0
        ? [`Access tokens already issued stay valid up to ${formatDuration(ttlMs)} where apps verify offline.`]
        : []),
    ])
  },
})
