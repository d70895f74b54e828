import { Args, Flags } from '@oclif/core'
import { beginLockdown, endLockdown, findLockdown } from '../../flows/operator/lockdown.ts'
import type { Lockdown } from '../../flows/operator/lockdown-entry.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { operation } from '../command.ts'
import { changeFlags } from '../flags.ts'
import { counted } from '../output/count.ts'

export default operation({
  description: 'off opens sign-ups and resumes mail. Ended sessions and the new signing key stay.',
  examples: ['authd lockdown on --reason "mailbox of an admin taken over"', 'authd lockdown off'],
  args: {
    state: Args.string({ options: ['on', 'off', 'status'], default: 'status', description: 'on, off or status.' }),
  },
  flags: {
    'keep-sessions': Flags.boolean({ description: 'Do not end sessions.' }),
    confirm: Flags.string({ description: 'With on: the word lockdown, to confirm.' }),
    ...changeFlags,
  },
  async prepare({ args, confirmName }) {
    if (args.state === 'on') await confirmName('lockdown', 'This signs out all users and closes sign-ups.')
  },
  async run(deps, { args, flags, out, actor }) {
    if (args.state === 'status') {
      const lockdown = await findLockdown(deps)
      out.object(present(lockdown), [
        lockdown ? describe(lockdown, out.time(toRfc3339(lockdown.since))) : 'no lockdown',
      ])
    } else if (args.state === 'off') {
      await endLockdown(deps, actor)
      const [is, are, stay] = [out.did('is', 'would be'), out.did('are', 'would be'), out.did('stay', 'would stay')]
      out.object({ active: flags['dry-run'], changed: true }, [
        `Lockdown ${is} off. Sign-ups and mail ${are} as before. Revoked sessions ${stay} revoked.`,
      ])
    } else {
      const keepSessions = flags['keep-sessions']
      const done = await beginLockdown(deps, actor, { reason: flags.reason ?? null, keepSessions })
      const isDry = flags['dry-run']
      const resource = {
        active: !isDry,
        ended_sessions: done.endedSessions,
        new_key: done.newKey ?? null,
        changed: true,
      }
      const stay = out.did('stay', 'would stay')
      out.object(resource, [
        `Lockdown: ${out.did('ended', 'would end')} ${counted(done.endedSessions, 'session')}, ${out.did('closed', 'would close')} sign-ups, ${out.did('paused', 'would pause')} mail.`,
        done.newKey === undefined
          ? `Tokens ${out.did('are', 'would be')} signed with the same tokens.hs256_secret. Change it in the configuration and restart authd.`
          : `Access tokens already issued ${stay} valid until they expire where apps verify offline. Such apps believe the older key until they fetch the key set again or restart.`,
        ...(isDry ? [] : ['Back: authd lockdown off']),
      ])
    }
  },
})

function present(lockdown: Lockdown | undefined) {
  if (!lockdown) return { active: false, since: null, by: null, reason: null }
  return { active: true, since: toRfc3339(lockdown.since), by: lockdown.by, reason: lockdown.reason }
}

function describe({ by, reason }: Lockdown, since: string): string {
  return `lockdown since ${since} by ${by}${reason === null ? '' : `: ${reason}`}`
}
