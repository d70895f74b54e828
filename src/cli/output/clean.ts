import { styleText } from 'node:util'
import { escapeUnseen, plain, plainLines } from '../../platform/plain-text.ts'

declare const cleaned: unique symbol

/** Text that cannot act on a terminal or forge a line. Only this file makes it, and `print` takes nothing else. */
export type Clean = string & { readonly [cleaned]: true }

/** One line. A bad one is red where there are colours. */
export type Line = string | { text: string; isBad: boolean }

/** Writes to stdout or stderr. Nothing else in src/cli does. */
export function print(stream: { write(text: string): unknown }, text: Clean): void {
  stream.write(text)
}

/** Writes bytes for a program, such as an archive. */
export function printBytes(stream: { write(bytes: Uint8Array): unknown }, bytes: Uint8Array): void {
  stream.write(bytes)
}

/** Waits until all that was printed is written. Throws if it could not be, or if the reader is gone. */
export async function written(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write('', (error) => (error ? reject(error) : resolve()))
  })
}

/** Writes one line for people to stderr. */
export function tell(line: string): void {
  print(process.stderr, inLines([cleanLine(line, process.stderr)]))
}

/** A text with line breaks of our own, such as a file that authd generates. */
export function cleanText(text: string): Clean {
  return plainLines(text) as Clean
}

/** A text that stays on its line, whatever a value in it contains. */
export function cleanLine(line: Line, stream: NodeJS.WriteStream): Clean {
  if (typeof line === 'string') return plain(line) as Clean
  const text = plain(line.text)
  return (line.isBad ? styleText('red', text, { stream }) : text) as Clean
}

/** Cells with tabs between them. */
export function cleanRow(cells: readonly string[]): Clean {
  return cells.map(plain).join('\t') as Clean
}

/** JSON with everything escaped that is not printable. */
export function cleanJson(value: unknown, indent?: number): Clean {
  const lines = JSON.stringify(value, null, indent).split('\n')
  return lines.map(escapeUnseen).join('\n') as Clean
}

/** The pieces of one JSON document whose list is written part by part. */
export function cleanJsonList(indent?: number) {
  const lineAt = (depth: number) => (indent === undefined ? '' : `\n${' '.repeat(indent * depth)}`)
  let before = `{${lineAt(1)}"data":${indent === undefined ? '' : ' '}[`
  return {
    part(values: unknown[]): Clean {
      let text = ''
      for (const value of values) {
        text += `${before}${lineAt(2)}${cleanJson(value, indent).replaceAll('\n', lineAt(2))}`
        before = ','
      }
      return text as Clean
    },
    end: (rest: object): Clean =>
      `${before === ',' ? '' : before}${lineAt(1)}],${cleanJson(rest, indent).slice(1)}\n` as Clean,
  }
}

/** Lines, each with its line break. */
export function inLines(lines: readonly Clean[]): Clean {
  return lines.map((line) => `${line}\n`).join('') as Clean
}
