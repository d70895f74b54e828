import { createInterface } from 'node:readline/promises'
import { AuthdError } from '../../errors.ts'
import type { GlobalFlags } from '../command.ts'

/** Asks y/N on the terminal; without one, says which command to run instead. */
export async function confirm(flags: GlobalFlags, question: string, again: string): Promise<void> {
  if (flags.yes) return
  const answer = await ask(flags, `${question} [y/N] `, `${again} --yes`)
  if (!/^y(es)?$/i.test(answer)) throw new AuthdError('FAILED', { message: 'nothing was changed' })
}

/** For what cannot be undone: the name has to be typed, or given with --confirm. */
export async function confirmName(
  flags: GlobalFlags & { confirm?: string | undefined },
  { question, name, again }: { question: string; name: string; again: string },
): Promise<void> {
  const answer =
    flags.confirm ?? (await ask(flags, `${question} Type ${name} to go on: `, `${again} --confirm=${name}`))
  if (answer.trim() !== name) {
    throw new AuthdError('USAGE', {
      message: `nothing was changed: "${answer}" is not "${name}"`,
      suggestions: [`${again} --confirm=${name}`],
    })
  }
}

async function ask(flags: GlobalFlags, question: string, again: string): Promise<string> {
  if (flags['no-input'] || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new AuthdError('USAGE', {
      message: 'this needs a confirmation, and there is no terminal to ask on',
      suggestions: [again],
    })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question)
  } finally {
    terminal.close()
  }
}
