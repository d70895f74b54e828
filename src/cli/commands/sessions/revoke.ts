import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { formatDuration } from '../../../platform/duration.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { confirm, confirmName } from '../../output/confirm.ts'
import { parseTime } from '../../output/time.ts'

export default class SessionsRevoke extends OperatorCommand {
  static override summary = 'End sessions; a running daemon refuses them from the next request on.'
  static override examples = [
    'authd sessions revoke ses_01m88jw08vedqtrgrr9eqkmg57',
    'authd sessions revoke --user ada@example.com',
  ]
  static override strict = false
  static override args = { id: Args.string({ description: 'Ids; - reads them from stdin.' }) }
  static override flags = {
    user: Flags.string({ description: 'All of one person.' }),
    'older-than': Flags.string({ description: 'All that began before: 30d.' }),
    all: Flags.boolean({ description: 'Everybody’s.' }),
    confirm: Flags.string({ description: 'With --all: the word all.' }),
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(SessionsRevoke)
    const ids = await this.named(argv as string[])
    const { user, all, 'older-than': olderThan } = flags
    if (ids.length === 0 && user === undefined && olderThan === undefined && !all) {
      throw new AuthdError('USAGE', {
        message: 'which sessions? Give ids, --user, --older-than or --all',
        suggestions: ['authd sessions list'],
      })
    }
    if (!flags['dry-run'] && all) {
      await confirmName(flags, {
        question: 'This signs everybody out.',
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
    const { revokeByOperator } = await import('../../../flows/sessions/admin.ts')
    const createdBefore = olderThan === undefined ? undefined : parseTime(olderThan, 'older-than')
    await this.withDeps(flags, async (deps) => {
      const selection = { ids: ids.length > 0 ? ids : undefined, user, createdBefore }
      const ended = await revokeByOperator(deps, this.operator(flags.reason), selection)
      const people = new Set(ended.map(({ userId }) => userId)).size
      const ttlMs = deps.config.current().tokens.accessTtl
      const result = {
        revoked: ended.length,
        users: people,
        access_token_ttl_seconds: ttlMs / 1000,
        changed: ended.length > 0,
      }
      const verb = flags['dry-run'] ? 'Would revoke' : 'Revoked'
      this.output(flags).object({ ...result, ...(flags['dry-run'] && { dry_run: true }) }, [
        `${verb} ${ended.length} sessions of ${people} users.`,
        ...(ended.length > 0
          ? [`Access tokens already issued stay valid up to ${formatDuration(ttlMs)} where apps verify offline.`]
          : []),
      ])
    })
  }
}
