import { Flags } from '@oclif/core'
import { listVariables } from '../../../config/reference.ts'
import { command } from '../../command.ts'
import { WITHOUT } from '../../flags.ts'

export default command({
  hasColumns: true,
  without: WITHOUT.configuration,
  examples: ['authd config env'],
  flags: { 'set-only': Flags.boolean({ description: 'Only variables that are set.' }) },
  async run({ flags, out }) {
    const all = listVariables(process.env)
    const variables = flags['set-only'] ? all.filter((variable) => variable.isSet) : all
    out.list(
      variables.map(({ name, key, isSet }) => ({ name, key, set: isSet })),
      [
        { header: 'NAME', value: ({ name }) => name },
        { header: 'KEY', value: ({ key }) => key },
        { header: 'SET', value: ({ set }) => (set ? 'yes' : '') },
      ],
    )
  },
})
