import type { Output } from './output/output.ts'

/** Milliseconds between two hints of a long run. */
const TELL_EVERY_MS = 10_000

/** Prints a hint of how far a long run is, at most every ten seconds. */
export function tellEvery(out: Output): (hint: () => string) => void {
  let toldAt = performance.now()
  return (hint) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return
    toldAt = performance.now()
    out.hint(hint())
  }
}
