import { Args } from '@oclif/core'
import { command } from '../command.ts'
import { type Completed, completionScript } from '../completion/script.ts'
import { GLOBAL_FLAGS, WITHOUT } from '../flags.ts'
import { spellings } from '../spellings.ts'

export default command({
  without: WITHOUT.configuration,
  description:
    'The script completes commands, flags and values. For ids and addresses it reads the database, if you may.',
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
          flags: completed(Command.flags),
          valued: valued.flatMap(([name, { char }]) => [`--${name}`, ...(char ? [`-${char}`] : [])]),
        }
      }),
    )
    out.text(completionScript(args.shell, commands, { globalFlags: completed(GLOBAL_FLAGS), aliases }))
  },
})

/** Each flag, and the negation of a switch that has one. */
function completed(flags: Record<string, { description?: string | undefined; allowNo?: boolean }>): Completed[] {
  return Object.entries(flags).flatMap(([name, { description: about = '', allowNo }]) => [
    { word: `--${name}`, about },
    ...(allowNo ? [{ word: `--no-${name}`, about }] : []),
  ])
}
