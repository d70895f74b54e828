import type { Interfaces } from '@oclif/core'
import { AuthdError } from '../errors.ts'
import { closest } from '../platform/closest.ts'
import { shell } from '../platform/shell.ts'
import { GLOBAL_FLAGS } from './flags.ts'

/** What was typed, as far as an error about it needs it. */
export interface TypedCommand {
  id: string
  flags: Interfaces.FlagInput
  examples: readonly string[]
  again(flag: string, value?: string): string
}

/** What oclif's parser throws. Which fields there are depends on what was wrong. */
interface ParserError extends Error {
  /** Unknown flags, as typed. */
  flags?: string[]
  /** Arguments that are missing, or that are too many. */
  args?: (string | { name: string })[]
  /** The flags that were read, if one of them is missing or contradicts another. */
  parse?: { output?: { flags?: Record<string, unknown> } }
}

/**
 * What the parser found wrong, in authd's words and with a next step. No text of oclif is passed on. An error of our own
 * that a flag's parser threw gets the name of the flag. Anything else is returned as it is.
 */
export function usageError(thrown: unknown, typed: TypedCommand): unknown {
  if (!(thrown instanceof Error)) return thrown
  thrown.message = withoutFrame(thrown.message)
  if (thrown instanceof AuthdError || !('oclif' in thrown)) return thrown
  const { message, suggestions } = explain(thrown, typed)
  return new AuthdError('USAGE', { message, suggestions, cause: thrown })
}

/** oclif writes what it adds on lines of their own: `--since: "x" is not a time.` is left. */
function withoutFrame(message: string): string {
  return message.replace(/^\s*Parsing (--\S+) \n\t/, '$1: ').replace(/\nSee more help with --help/g, '')
}

function explain(error: ParserError, typed: TypedCommand): { message: string; suggestions: string[] } {
  const help = shell`authd ${typed.id.split(' ')} --help`
  const example = typed.examples[0] ?? help
  const { flags, args = [] } = error
  if (flags) return { message: flags.map((flag) => unknownFlag(flag, typed)).join(' '), suggestions: [help] }
  const missing = args.flatMap((arg) => (typeof arg === 'string' ? [] : [arg.name.toUpperCase()]))
  if (missing.length > 0) {
    return {
      message: `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing.`,
      suggestions: [example],
    }
  }
  const extra = args.filter((arg) => typeof arg === 'string')
  if (extra.length > 0) return { message: `unexpected argument: "${extra.join('", "')}".`, suggestions: [help] }
  const given = error.parse?.output?.flags
  return (given && contradiction(given, typed)) ?? { message: inOurWords(error.message), suggestions: [help] }
}

function unknownFlag(word: string, { flags }: TypedCommand): string {
  const [name = word] = word.split('=')
  const isGlobal = Object.entries(GLOBAL_FLAGS).some(([long, { char }]) => name === `--${long}` || name === `-${char}`)
  if (isGlobal) return `${name} changes nothing about this command.`
  const nearest = name.startsWith('--') ? closest(name.slice(2), Object.keys(flags)) : undefined
  return `unknown flag ${name}.${nearest ? ` Did you mean --${nearest}?` : ''}`
}

/** A flag that is missing, or that does not go with another. */
function contradiction(
  given: Record<string, unknown>,
  { flags, again }: TypedCommand,
): { message: string; suggestions: string[] } | undefined {
  for (const [name, flag] of Object.entries(flags)) {
    const isGiven = given[name] !== undefined
    const withFlag = (wanted: string) => again(wanted, flags[wanted]?.type === 'option' ? '…' : undefined)
    if (flag.required && !isGiven) return { message: `--${name} is required.`, suggestions: [withFlag(name)] }
    const other = isGiven
      ? flag.exclusive?.find((one) => typeof one === 'string' && given[one] !== undefined)
      : undefined
    if (typeof other === 'string') return { message: `Use --${name} or --${other}, not both.`, suggestions: [] }
    const needed = isGiven ? flag.dependsOn?.find((one) => given[one] === undefined) : undefined
    if (needed !== undefined) return { message: `--${name} needs --${needed}.`, suggestions: [withFlag(needed)] }
  }
  return undefined
}

/** The errors that oclif tells apart by their text alone. The parts are those in parentheses. */
const SENTENCES: readonly [RegExp, (...parts: string[]) => string][] = [
  [
    /^Expected (--\S+?)=(.*) to be one of: (.+)$/s,
    (flag, text, all = '') => `${flag}: "${text}" is unknown. Use ${anyOf(all)}.`,
  ],
  [/^Expected (.*) to be one of: (.+)$/s, (text, all = '') => `"${text}" is unknown. Use ${anyOf(all)}.`],
  [/^Flag (--\S+) can only be specified once$/, (flag) => `${flag} can be given only once.`],
  [/^Flag (--\S+) expects one of these values: (.+)$/, (flag, all = '') => `${flag} needs a value: ${anyOf(all)}.`],
  [/^Flag (--\S+) expects a value$/, (flag) => `${flag} needs a value.`],
  [/^(--\S+): Expected an integer but received: (.*)$/s, (flag, text) => `${flag}: "${text}" is not a whole number.`],
  [/^(--\S+): Expected an integer greater than or equal to (\S+) /, (flag, least) => `${flag}: use ${least} or more.`],
  [/^(--\S+): Expected an integer less than or equal to (\S+) /, (flag, most) => `${flag}: use ${most} or less.`],
]

function inOurWords(text: string): string {
  for (const [form, say] of SENTENCES) {
    const [found, ...parts] = form.exec(text) ?? []
    if (found !== undefined) return say(...parts)
  }
  return 'The command was not understood.'
}

/** `a, b or c` */
function anyOf(list: string): string {
  return list.replace(/, ([^,]+)$/, ' or $1')
}
