import { Args } from '@oclif/core'
import { command } from '../command.ts'
import { completionScript } from '../completion-script.ts'

export default command({
  examples: ['authd completion bash > /etc/bash_completion.d/authd'],
  args: {
    shell: Args.string({ required: true, options: ['bash', 'zsh', 'fish'], description: 'Shell.' }),
  },
  async run({ args, out, catalogue }) {
    const commands = await Promise.all(
      Object.entries(catalogue).map(async ([id, { summary, load }]) => {
        const { default: Command } = await load()
        return { id, summary, flags: Object.keys({ ...Command.baseFlags, ...Command.flags }) }
      }),
    )
    out.text(completionScript(args.shell, commands))
  },
})
