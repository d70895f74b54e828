import { Flags } from '@oclif/core'
import { toRfc3339 } from '../../../platform/clock.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'

export default class KeysRotate extends OperatorCommand {
  static override summary = 'Publish the next key; it signs once every cached JWKS has it.'
  static override examples = ['authd keys rotate', 'authd keys rotate --now --reason "key was copied"']
  static override flags = {
    now: Flags.boolean({
      description: 'Sign with it at once: verifiers that cached the old JWKS refuse tokens until they look again.',
    }),
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(KeysRotate)
    const { rotateKeys } = await import('../../../flows/sessions/signing-key.ts')
    const rotation = await this.withDeps(flags, (deps) =>
      rotateKeys(deps, this.operator(flags.reason), { isImmediate: flags.now }),
    )
    const out = this.output(flags)
    const timeline = {
      published_at: toRfc3339(rotation.publishedAt),
      signs_from: toRfc3339(rotation.signsFrom),
      older_verify_until: toRfc3339(rotation.olderVerifyUntil),
    }
    const isDry = flags['dry-run'] ? { dry_run: true } : {}
    out.object({ kid: rotation.kid, alg: rotation.algorithm, timeline, changed: true, ...isDry }, [
      `${flags['dry-run'] ? 'would: ' : ''}${rotation.kid} ${rotation.algorithm}`,
      `published  ${out.time(timeline.published_at)}`,
      `signs      ${out.time(timeline.signs_from)}`,
      `older keys verify until ${out.time(timeline.older_verify_until)}`,
    ])
  }
}
