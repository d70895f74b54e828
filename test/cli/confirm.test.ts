import { expect, onTestFinished, test } from 'vitest'
import { confirm, confirmName } from '../../src/cli/output/confirm.ts'
import { fakeTerminal } from '../support/terminal.ts'

const FLAGS = { yes: false, 'dry-run': false, 'no-input': false } as Parameters<typeof confirm>[0]

/** The process has a terminal on which these keys are typed. */
function typing(keys: string): void {
  const { stdin, stdout, type } = fakeTerminal()
  const own = ['stdin', 'stderr'].map((name) => [name, Object.getOwnPropertyDescriptor(process, name) ?? {}] as const)
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  Object.defineProperty(process, 'stderr', { value: stdout, configurable: true })
  onTestFinished(() => {
    for (const [name, descriptor] of own) Object.defineProperty(process, name, descriptor)
  })
  type(keys)
}

test.each(['', 'n', 'no', 'N', 'x', 'yess', 'ye', 'y n'])('the answer "%s" is no', async (answer) => {
  typing(`${answer}\r`)

  await expect(confirm(FLAGS, 'Delete it?', 'again --yes')).rejects.toMatchObject({ code: 'FAILED' })
})

test.each(['y', 'Y', 'yes', 'YES'])('the answer "%s" is yes', async (answer) => {
  typing(`${answer}\r`)

  await expect(confirm(FLAGS, 'Delete it?', 'again --yes')).resolves.toBeUndefined()
})

const NAMED = { question: 'This removes ada.', name: 'ada@example.com', again: 'again' }

test.each(['', 'a', 'ada', 'ada@example.co', 'ada@example.com.', 'ADA@example.com', 'y'])(
  'the name "%s" confirms nothing, typed or as --confirm',
  async (name) => {
    typing(`${name}\r`)

    await expect(confirmName(FLAGS, NAMED)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(confirmName({ ...FLAGS, confirm: name }, NAMED)).rejects.toMatchObject({ code: 'USAGE' })
  },
)

test('the whole name confirms, typed or as --confirm; --yes does not', async () => {
  typing('ada@example.com\r')

  await expect(confirmName(FLAGS, NAMED)).resolves.toBeUndefined()
  await expect(confirmName({ ...FLAGS, confirm: 'ada@example.com' }, NAMED)).resolves.toBeUndefined()
  await expect(confirmName({ ...FLAGS, yes: true, 'no-input': true }, NAMED)).rejects.toMatchObject({ code: 'USAGE' })
})
