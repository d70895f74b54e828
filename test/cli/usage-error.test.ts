import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { GLOBAL_FLAGS } from '../../src/cli/flags.ts'
import { shell } from '../support/cli.ts'

test.each([
  ['users list --limt 5', 'unknown flag --limt. Did you mean --limit?', 'authd users list --help'],
  ['users list -X', 'unknown flag -X.', 'authd users list --help'],
  ['status now', 'unexpected argument: "now".', 'authd status --help'],
  ['users show', 'USER is missing.', 'authd users show ada@example.com'],
  ['users recover ada@example.com', '--reason is required.', "authd users recover ada@example.com --reason='…'"],
  ['users update ada --verified', '--verified needs --email.', "authd users update ada --verified --email='…'"],
  ['users list --limit x', '--limit: "x" is not a whole number.', 'authd users list --help'],
  ['users list --limit 0', '--limit: use 1 or more.', 'authd users list --help'],
  ['users show ada --events 2000', '--events: use 1000 or less.', 'authd users show --help'],
  ['users list --limit', '--limit needs a value.', 'authd users list --help'],
  ['users list --limit 1 --limit 2', '--limit can be given only once.', 'authd users list --help'],
  [
    'users list --status gone',
    '--status: "gone" is unknown. Use active, invited or disabled.',
    'authd users list --help',
  ],
  ['users list --status', '--status needs a value: active, invited or disabled.', 'authd users list --help'],
  ['lockdown maybe', '"maybe" is unknown. Use on, off or status.', 'authd lockdown --help'],
])('authd %s says what is wrong and what to do', async (line, message, next) => {
  const { run } = await shell({ data: false })

  const { code, stdout, stderr } = await run(line.split(' '))

  expect({ code, stdout, stderr }).toEqual({ code: 64, stdout: '', stderr: `authd: ${message}\nTry: ${next}\n` })
})

/** Words of oclif's own errors, and the sentence for an error that we have no words for. */
const NOT_OURS =
  /Missing|Nonexistent|Unexpected arg|Expected|expects|specified|provided|following|Parsing|See more|not understood/

test('no command line, however wrong, is answered in the words of a library', async () => {
  const { run } = await shell({ data: false, inProcess: true })
  const lines: string[][] = []
  for (const [id, { load }] of Object.entries(COMMANDS)) {
    const { default: Command } = await load()
    const words = id.split(' ')
    const required = Object.values(Command.args)
      .filter((arg) => arg.required)
      .map(() => 'x')
    const needed = Object.entries(Command.flags)
      .filter(([, flag]) => flag.required)
      .map(([name]) => `--${name}=x`)
    const whole = [...words, ...required, ...needed]
    lines.push([...whole, '--nosuch'], [...whole, 'a', 'b', 'c', 'd', '--nosuch=1'])
    if (required.length > 0) lines.push([...words, ...needed])
    if (needed.length > 0) lines.push([...words, ...required])
    if (Command.strict) lines.push([...whole, 'a', 'b', 'c', 'd'])
    for (const [name, flag] of Object.entries({
      ...Command.flags,
      config: GLOBAL_FLAGS.config,
      color: GLOBAL_FLAGS.color,
    })) {
      const others = [...words, ...required, ...needed.filter((text) => text !== `--${name}=x`)]
      if (flag.type === 'option') lines.push([...others, `--${name}`])
      if (flag.type === 'option' && flag.options) lines.push([...others, `--${name}=nosuch`])
      if (flag.type === 'option' && !flag.multiple) lines.push([...others, `--${name}=1`, `--${name}=1`])
      for (const other of flag.exclusive ?? []) lines.push([...others, `--${name}`, `--${other}`])
      if (flag.dependsOn) lines.push([...others, `--${name}`])
    }
  }

  const answers = []
  for (const line of lines) answers.push({ line: line.join(' '), ...(await run(line)) })

  expect(answers.length).toBeGreaterThan(300)
  expect(answers.filter(({ code, stderr }) => code !== 64 || NOT_OURS.test(stderr))).toEqual([])
})
