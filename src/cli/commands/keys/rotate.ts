import { Flags } from '@oclif/core'
import { rotateKeys } from '../../../flows/sessions/signing-key.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd keys rotate', 'authd keys rotate --now --reason "key was copied"'],
  flags: {
    now: Flags.boolean({
      description:
        'Sign with the new key at once. Verifiers with a cached JWKS reject tokens until they fetch it again.',
    }),
    ...changeFlags,
  },
  async run(deps, { flags, out, actor }) {
    const rotation = await rotateKeys(deps, actor, { isImmediate: flags.now })
    const timeline = {
      published_at: toRfc3339(rotation.publishedAt),
      signs_from: toRfc3339(rotation.signsFrom),
      older_verify_until: toRfc3339(rotation.olderVerifyUntil),
    }
    out.object({ kid: rotation.kid, alg: rotation.algorithm, timeline, changed: true }, [
      `${out.did(rotation.kid, `would add ${rotation.kid}`)} ${rotation.algorithm}`,
      `${out.did('published  ', 'would be published  ')}${out.time(timeline.published_at)}`,
      `${out.did('signs      ', 'would sign          ')}${out.time(timeline.signs_from)}`,
      `older keys ${out.did('verify', 'would verify')} until ${out.time(timeline.older_verify_until)}`,
    ])
  },
})
