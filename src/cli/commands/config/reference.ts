import { Args } from '@oclif/core'
import { configJsonSchema, describeKey, describeKeys, sectionJsonSchema } from '../../../config/reference.ts'
import { findKey, KEYS, SECTION_TEXTS } from '../../../config/schema.ts'
import { AuthdError } from '../../../errors.ts'
import { closest } from '../../../platform/closest.ts'
import { shell } from '../../../platform/shell.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { WITHOUT } from '../../flags.ts'

export default command({
  without: WITHOUT.configuration,
  examples: ['authd config reference smtp.tls', 'authd config reference smtp', 'authd config reference --json'],
  args: {
    key: completing('config-keys', Args.string({ description: 'Key or section to describe: smtp.host, smtp.' })),
  },
  async run({ args, out }) {
    if (args.key === undefined) return out.document(configJsonSchema(), describeKeys())
    if (SECTION_TEXTS.has(args.key)) return out.document(sectionJsonSchema(args.key), describeKeys(args.key))
    const key = findKey(args.key)
    if (key) {
      const { key: name, env, applies, secret = false } = key
      return out.document({ key: name, env, applies, secret, text: describeKey(key) }, describeKey(key))
    }
    const nearest = closest(args.key, [...KEYS.map((known) => known.key), ...SECTION_TEXTS.keys()])
    throw new AuthdError('USAGE', {
      message: `Unknown key "${args.key}"`,
      suggestions: [nearest ? shell`authd config reference ${nearest}` : 'authd config reference'],
    })
  },
})
