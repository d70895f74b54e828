import { FACTORS } from './by-hand/factors.ts'
import { OPERATION } from './by-hand/operation.ts'
import { REQUESTS } from './by-hand/requests.ts'
import { SESSIONS } from './by-hand/sessions.ts'
import { SIGN_IN } from './by-hand/sign-in.ts'

/** By source file: changes that would each break a promise, and the tests that state these promises. */
export type HandMade = Readonly<
  Record<
    string,
    {
      /** Test files, without `test/` and `.test.ts`. */
      tests: readonly string[]
      /** By promise: a part of an expression that is there once, and what stands there instead. */
      mutants: Readonly<Record<string, readonly [before: string, after: string]>>
    }
  >
>

/** `npm run mutate -- --by-hand` runs the tests against each. */
export const BY_HAND: HandMade = { ...FACTORS, ...OPERATION, ...REQUESTS, ...SESSIONS, ...SIGN_IN }

export interface HandMadeChange {
  promise: string
  before: string
  after: string
}

/** The changes of one source file. */
export function changesOf(file: string): HandMadeChange[] {
  const mutants = Object.entries(BY_HAND[file]?.mutants ?? {})
  return mutants.map(([promise, [before, after]]) => ({ promise, before, after }))
}
