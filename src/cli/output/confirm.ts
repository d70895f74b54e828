import { AuthdError } from '../../errors.ts'
import type { GlobalFlags } from '../flags.ts'

/** An operator who types --yes expects no question. */
const BY_NAME = ' It asks for a name: --yes does not answer it.'

/** Asks y/N on the terminal. Without one it throws USAGE with the command to run instead. A dry run asks nothing. */
export async function confirm(flags: GlobalFlags, question: string, again: string): Promise<void> {
  if (flags.yes || flags['dry-run']) return
  const answer = await ask(flags, `${question} [y/N] `, again)
  if (!/^y(es)?$/i.test(answer)) throw new AuthdError('FAILED', { message: 'Nothing was changed.' })
}

/** Asks for the name of what is deleted for good; `--confirm` gives it without a prompt. A dry run asks nothing. */
export async function confirmName(
  flags: GlobalFlags & { confirm?: string | undefined },
  { question, name, again }: { question: string; name: string; again: string },
): Promise<void> {
  if (flags['dry-run']) return
  const answer = flags.confirm ?? (await ask(flags, `${question} Type ${name} to continue: `, again, BY_NAME))
  if (answer.trim() !== name) {
    throw new AuthdError('USAGE', {
      message: `Nothing was changed: "${answer}" is not "${name}".`,
      suggestions: [again],
    })
  }
}

async function ask(flags: GlobalFlags, question: string, again: string, kind = ''): Promise<string> {
  if (flags['no-input'] || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new AuthdError('USAGE', {
      message: `This command asks for confirmation, but no terminal is attached.${flags.yes ? kind : ''}`,
      suggestions: [again],
    })
  }
  const { openPrompt } = await import('./prompt.ts')
  const prompt = openPrompt()
  try {
    return await prompt.ask(question)
  } finally {
    prompt.close()
  }
}
