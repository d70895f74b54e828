import { Args } from '@oclif/core'
import { configJsonSchema, describeAllKeys, describeKey } from '../../../config/reference.ts'
import { findKey, KEYS } from '../../../config/schema.ts'
import { AuthdError } from '../../../errors.ts'
import { closest } from '../../../platform/closest.ts'
import { shell } from '../../../platform/shell.ts'
import { command } from '../../command.ts'

export default command({
  examples: ['authd config reference smtp.tls', 'authd config reference --json'],
  args: { key: Args.string({ description: 'Key to describe: smtp.host.' }) },
  async run({ args, out }) {
    if (args.key === undefined) return out.document(configJsonSchema(), describeAllKeys())
    const key = findKey(args.key)
    if (key) {
      const { key: name, env, applies, secret = false } = key
      return out.document({ key: name, env, applies, secret, text: describeKey(key) }, describeKey(key))
    }
    const nearest = closest(
      args.key,
      KEYS.map((known) => known.key),
    )
    throw new AuthdError('USAGE', {
      message: `Unknown key "${args.key}"`,
      suggestions: [nearest ? shell`authd config reference ${nearest}` : 'authd config reference'],
    })
  },
})
