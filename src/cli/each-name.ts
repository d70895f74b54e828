import { AuthdError } from '../errors.ts'
import { firstOf } from './output/report.ts'

/** A name that was typed, or a line of stdin. */
export interface NamedThing {
  name: string
  /** Of stdin, from 1. */
  line?: number
}

/**
 * Looks up every name, and throws one error that has all faults, with the lines of stdin. Nothing has been changed by
 * then. `skip` gets each unknown name. Without `skip`, an unknown name is an error.
 */
export async function findEach<Found>(
  named: readonly NamedThing[],
  find: (name: string) => Found | Promise<Found>,
  { skip, isChange }: { skip: ((why: string) => void) | undefined; isChange: boolean },
): Promise<Found[]> {
  const found: Found[] = []
  const faults: { thing: NamedThing; error: AuthdError }[] = []
  for (const thing of named) {
    try {
      found.push(await find(thing.name))
    } catch (error) {
      if (!(error instanceof AuthdError) || !isAboutName(error)) throw error
      if (skip && error.exit === UNKNOWN) skip(`Skipped ${placeOf(thing)}${error.message}`)
      else faults.push({ thing, error })
    }
  }
  const [first] = faults
  if (first === undefined) return found
  if (named.length === 1 && first.thing.line === undefined) throw first.error
  const problems = faults.map(({ thing, error }) => `${placeOf(thing)}${error.message}`)
  const codes = new Set(faults.map(({ error }) => error.code))
  throw new AuthdError(codes.size === 1 ? first.error.code : 'VALIDATION_ERROR', {
    lines: [isChange ? 'Nothing was changed.' : 'Nothing was done.', ...firstOf(problems)],
    details: { problems },
  })
}

const UNKNOWN = 67

/** An invalid or an unknown name, and not a database that is away. */
function isAboutName({ exit }: AuthdError): boolean {
  return exit === UNKNOWN || exit === 65 || exit === 64
}

function placeOf({ line }: NamedThing): string {
  return line === undefined ? '' : `stdin:${line}: `
}
