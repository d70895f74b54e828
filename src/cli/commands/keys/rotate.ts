import { Flags } from '@oclif/core'
import { rotateKeys } from '../../../flows/sessions/key-rotation.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd keys rotate', 'authd keys rotate --now --reason "key was copied"'],
  flags: {
    now: Flags.boolean({
      description:
        'Sign with the new key at once, for example because a key was copied. Until they fetch the key set again or restart, verifiers reject new tokens and believe the older keys.',
    }),
    ...changeFlags,
  },
  async run(deps, { flags, out, actor }) {
    const rotation = await rotateKeys(deps, actor, { isImmediate: flags.now })
    const { kid, algorithm, isChanged } = rotation
    const timeline = {
      published_at: toRfc3339(rotation.publishedAt),
      signs_from: toRfc3339(rotation.signsFrom),
      older_verify_until: toRfc3339(rotation.olderVerifyUntil),
    }
    const signsFrom = out.time(timeline.signs_from)
    const until = out.time(timeline.older_verify_until)
    out.object(
      { kid, alg: algorithm, timeline, changed: isChanged },
      isChanged
        ? [
            `${out.did(kid, `would add ${kid}`)} ${algorithm}`,
            `${out.did('published  ', 'would be published  ')}${out.time(timeline.published_at)}`,
            `${out.did('signs      ', 'would sign          ')}${signsFrom}`,
            `older keys ${out.did('verify', 'would verify')} until ${until}`,
          ]
        : [`Unchanged: ${kid} ${algorithm} is published already and signs ${signsFrom}.`],
    )
    if (flags.now) for (const line of atOnce(until)) out.hint(line)
    else if (!isChanged) out.hint('To sign with a new key at once: authd keys rotate --now')
  },
})

/** What verifiers believe that have fetched the key set before. */
function atOnce(until: string): string[] {
  return [
    'Verifiers reject new tokens until they fetch the key set again: most within 5 to 15 minutes, some only when they restart.',
    `Tokens of the older keys are accepted until ${until}, also forged ones. If a key was copied, restart your verifiers after that: some keep a removed key until they restart.`,
  ]
}
