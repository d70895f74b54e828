import { createInterface } from 'node:readline'

export const EMAIL = 'ada@example.com'

/** Asks the person at the terminal for the code of the mail. */
export function codeOfMail(): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  console.log('code?')
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      lines.close()
      resolve(line)
    })
  })
}

/** Throws unless a value is what it must be. */
export function must<Value>(value: Value | undefined, expected: Value): asserts value is Value {
  if (value !== expected) throw new Error(`expected ${expected}, got ${value}`)
}
