import type { CommandClass } from '../command.ts'
import { GLOBAL_FLAGS } from '../flags.ts'
import { commandFor } from '../help/command-for.ts'
import { cleanRow, inLines, print } from '../output/clean.ts'
import { candidatesFor, isSafe } from './candidates.ts'
import { FILES, offerOf } from './offer.ts'

/** A prompt waits no longer, in milliseconds. */
const DEADLINE_MS = 3000

/** Global flags may stand before the name of a command. */
const NO_COMMAND = { baseFlags: GLOBAL_FLAGS, flags: {}, args: {}, strict: true }

type Declares = Pick<CommandClass, 'baseFlags' | 'flags' | 'args' | 'strict'>

/** What may stand at the cursor. */
interface Slot {
  declared: object
  /** What is typed before the value in the same word: `--format=`. */
  fixed: string
  starts: string
}

interface Declared {
  type?: string
  char?: string
  options?: readonly string[]
}

/**
 * Prints the values that fit the last of the words, a line each, with a tab and what the value is. Prints nothing else:
 * a script runs it, as `authd __complete users show ad`.
 */
export async function complete(words: readonly string[]): Promise<void> {
  const deadline = setTimeout(() => process.exit(0), DEADLINE_MS)
  try {
    const lines = await linesFor(words)
    print(process.stdout, inLines(lines.map(cleanRow)))
  } catch {
    // Without a configuration or a database there is nothing to offer. An error would break the line that is being typed.
  } finally {
    clearTimeout(deadline)
  }
}

async function linesFor(words: readonly string[]): Promise<string[][]> {
  const before = words.slice(0, -1)
  const found = commandFor(before)
  const Command = found ? await found.load() : NO_COMMAND
  const { slot, args, config } = readWords(Command, found?.argv ?? before, words.at(-1) ?? '')
  if (!slot) return []
  const { options } = slot.declared as Declared
  const offer = options ?? offerOf(slot.declared)
  if (offer === 'files') return [[FILES]]
  // Lists are typed with commas between their items.
  const items = slot.starts.slice(0, slot.starts.lastIndexOf(',') + 1)
  const starts = slot.starts.slice(items.length)
  if (items !== '' && !isSafe(items)) return []
  const asked = { starts, before: args, flags: { config } }
  const candidates = offer === undefined ? [] : await candidatesFor(offer, asked)
  return candidates
    .filter(({ word }) => !args.includes(word))
    .map(({ word, about }) => [slot.fixed + items + word, shortened(about)])
}

/** Follows the words up to the cursor: which are arguments, and whose value the last one is. */
function readWords(
  Command: Declares,
  argv: readonly string[],
  last: string,
): { slot: Slot | undefined; args: string[]; config: string | undefined } {
  const flags = Object.entries({ ...Command.baseFlags, ...Command.flags } as Record<string, Declared>)
  const valued = new Map<string, Declared>(
    flags
      .filter(([, { type }]) => type === 'option')
      .flatMap(([name, flag]) => [
        [`--${name}`, flag] as const,
        ...(flag.char ? [[`-${flag.char}`, flag] as const] : []),
      ]),
  )
  const args: string[] = []
  let config: string | undefined
  let flag: Declared | undefined
  const take = (typed: Declared | undefined, value: string) => {
    if (typed === valued.get('--config')) config = value.replace(/^~(?=\/)/, process.env['HOME'] ?? '~')
  }
  for (const word of argv) {
    const [name = '', ...value] = word.split('=')
    if (flag) {
      take(flag, word)
      flag = undefined
    } else if (valued.has(word)) flag = valued.get(word)
    else if (!word.startsWith('-')) args.push(word)
    else if (value.length > 0) take(valued.get(name), value.join('='))
  }
  return { slot: slotAt({ Command, valued, flag, place: args.length }, last), args, config }
}

function slotAt(
  {
    Command,
    valued,
    flag,
    place,
  }: { Command: Declares; valued: ReadonlyMap<string, Declared>; flag: Declared | undefined; place: number },
  last: string,
): Slot | undefined {
  if (flag) return { declared: flag, fixed: '', starts: last }
  const [, fixed = '', starts = ''] = /^(--[^=]+=)(.*)$/s.exec(last) ?? []
  const assigned = valued.get(fixed.slice(0, -1))
  if (assigned) return { declared: assigned, fixed, starts }
  const declared = Object.values(Command.args)
  const argument = declared[place] ?? (Command.strict ? undefined : declared.at(-1))
  return argument && { declared: argument, fixed: '', starts: last }
}

const LONGEST = 60

function shortened(about: string): string {
  return about.length <= LONGEST ? about : `${about.slice(0, LONGEST - 1)}…`
}
