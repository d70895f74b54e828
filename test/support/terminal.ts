import { once } from 'node:events'
import { PassThrough } from 'node:stream'

export interface Terminal {
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  type(keys: string): void
  /** Waits until the text is on the screen. */
  until(text: string | RegExp): Promise<void>
  /** All output, including control sequences. */
  written(): string
  isRaw(): boolean
}

/** A fake terminal: the test types keys and reads the screen. */
export function fakeTerminal({ columns = 80, rows = 24 } = {}): Terminal {
  const screen = createScreen()
  let written = ''
  let isRaw = false
  const out = new PassThrough({ encoding: 'utf8' })
  out.on('data', (text: string) => {
    written += text
    screen.write(text)
  })
  const stdout = Object.assign(out, { columns, rows, isTTY: true })
  const input = new PassThrough({ encoding: 'utf8' })
  const setRawMode = (next: boolean) => {
    isRaw = next
    return stdin
  }
  const stdin = Object.assign(input, { isTTY: true, setRawMode, ref: () => stdin, unref: () => stdin })
  return {
    // Streams with the extra properties of a terminal's, which Node creates for real terminals only.
    stdin: stdin as object as NodeJS.ReadStream,
    stdout: stdout as object as NodeJS.WriteStream,
    type: (keys) => input.write(keys),
    async until(text) {
      for (;;) {
        const seen = screen.text()
        if (typeof text === 'string' ? seen.includes(text) : text.test(seen)) return
        await once(out, 'data')
      }
    },
    written: () => written,
    isRaw: () => isRaw,
  }
}

/** Understands only what ink sends: text, cursor movement and erasing. Ignores colours and modes. */
function createScreen() {
  const lines: string[] = []
  let row = 0
  let column = 0
  const put = (text: string) => {
    const line = (lines[row] ?? '').padEnd(column)
    lines[row] = line.slice(0, column) + text + line.slice(column + text.length)
    column += text.length
  }
  const control: Record<string, (amount: number) => void> = {
    A: (amount) => {
      row = Math.max(0, row - amount)
    },
    E: (amount) => {
      row += amount
      column = 0
    },
    G: (amount) => {
      column = amount - 1
    },
    H: () => {
      row = 0
      column = 0
    },
    J: () => {
      lines.length = Math.min(lines.length, row)
    },
    K: () => {
      lines[row] = (lines[row] ?? '').slice(0, column)
    },
  }
  return {
    write(text: string) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      for (const [, amount = '', letter = '', plain] of text.matchAll(/\u001b\[([?\d;]*)([a-zA-Z])|([^\u001b])/g)) {
        if (plain === '\n') control['E']?.(1)
        else if (plain !== undefined) put(plain)
        else control[letter]?.(Number.parseInt(amount, 10) || 1)
      }
    },
    text: () => lines.join('\n'),
  }
}
