import { Args } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { OperatorCommand } from '../../command.ts'

export default class ConfigReference extends OperatorCommand {
  static override summary = 'Every key, or one: type, default, variable, what it does. --json: a JSON Schema.'
  static override examples = ['authd config reference smtp.tls', 'authd config reference --json']
  static override args = { key: Args.string({ description: 'One key: smtp.host.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConfigReference)
    const { configJsonSchema, describeAllKeys, describeKey } = await import('../../../config/reference.ts')
    const { findKey, KEYS } = await import('../../../config/schema.ts')
    const { closest } = await import('../../../platform/closest.ts')
    if (args.key === undefined) return this.output(flags).object(configJsonSchema(), [describeAllKeys().trimEnd()])
    const key = findKey(args.key)
    if (key) {
      const { key: name, env, applies, secret = false } = key
      return this.output(flags).object({ key: name, env, applies, secret, text: describeKey(key) }, [describeKey(key)])
    }
    const nearest = closest(
      args.key,
      KEYS.map((known) => known.key),
    )
    throw new AuthdError('USAGE', {
      message: `no key "${args.key}"`,
      suggestions: [nearest ? `authd config reference ${nearest}` : 'authd config reference'],
    })
  }
}
