import { Args } from '@oclif/core'
import { command } from '../command.ts'
import { completionScript } from '../completion-script.ts'
import { WITHOUT } from '../flags.ts'
import { spellings } from '../spellings.ts'

export default command({
  without: WITHOUT.configuration,
  examples: ['authd completion bash > /etc/bash_completion.d/authd'],
  args: {
    shell: Args.string({ required: true, options: ['bash', 'zsh', 'fish'], description: 'Shell.' }),
  },
  async run({ args, out, catalogue }) {
    const aliases = spellings(Object.keys(catalogue))
    const commands = await Promise.all(
      Object.entries(catalogue).map(async ([id, { summary, load }]) => {
        const { default: Command } = await load()
        const flags = Object.entries({ ...Command.baseFlags, ...Command.flags })
        const valued = flags.filter(([, { type }]) => type === 'option')
        return {
          id,
          summary,
          flags: flags.map(([name]) => name),
          valued: valued.flatMap(([name, { char }]) => [`--${name}`, ...(char ? [`-${char}`] : [])]),
        }
      }),
    )
    out.text(completionScript(args.shell, commands, aliases))
  },
})
