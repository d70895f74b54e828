import { Args } from '@oclif/core'
import { OperatorCommand } from '../command.ts'
import { COMMANDS } from './index.ts'

export default class Completion extends OperatorCommand {
  static override summary = 'A completion script for bash, zsh or fish.'
  static override examples = ['authd completion bash > /etc/bash_completion.d/authd']
  static override args = {
    shell: Args.string({ required: true, options: ['bash', 'zsh', 'fish'], description: 'Which shell.' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Completion)
    const { completionScript } = await import('../help/completion.ts')
    const commands = await Promise.all(
      Object.entries(COMMANDS).map(async ([id, load]) => {
        const { default: Command } = await load()
        return { id, summary: Command.summary ?? '', flags: Object.keys({ ...Command.baseFlags, ...Command.flags }) }
      }),
    )
    this.output(flags).text(completionScript(args.shell, commands))
  }
}
