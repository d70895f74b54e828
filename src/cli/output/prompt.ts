import { createInterface } from 'node:readline'
import { AuthdError } from '../../errors.ts'
import { plain } from '../../platform/plain-text.ts'
import { cleanText, print, tell } from './clean.ts'
import { Interrupted } from './interrupted.ts'

export interface Prompt {
  /** Throws Interrupted after Ctrl-C, and FAILED after Ctrl-D or when the terminal goes away. */
  ask(question: string): Promise<string>
  close(): void
}

/** Asks on the terminal, through stderr: stdout has the result alone. Lines that are pasted ahead answer the next questions. */
export function openPrompt(): Prompt {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const lines: string[] = []
  let ended: Error | undefined
  let proceed = () => {}
  const end = (error: Error) => {
    ended ??= error
    proceed()
  }
  terminal.on('line', (line) => {
    lines.push(line)
    proceed()
  })
  terminal.on('SIGINT', () => end(new Interrupted()))
  terminal.on('close', () => end(new AuthdError('FAILED', { message: 'No answer was given. Nothing was changed.' })))
  return {
    async ask(question) {
      if (lines.length === 0 && ended === undefined) {
        terminal.setPrompt(plain(question))
        terminal.prompt()
        await new Promise<void>((resolve) => {
          proceed = resolve
        })
        const typed = lines.shift()
        if (typed !== undefined) return typed
        print(process.stderr, cleanText('\n'))
      }
      const pasted = lines.shift()
      if (pasted === undefined) throw ended
      tell(question + pasted)
      return pasted
    },
    close: () => terminal.close(),
  }
}
