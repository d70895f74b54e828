/** Returns the candidate that was probably meant: it differs in very few letters, or begins with the text. */
export function closest(written: string, candidates: readonly string[]): string | undefined {
  const lowered = written.toLowerCase()
  const most = lowered.length <= 4 ? 1 : lowered.length <= 8 ? 2 : 3
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: editsBetween(lowered, candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .sort((left, right) => left.edits - right.edits)
  if (best) return best.candidate
  return lowered.length < 3 ? undefined : candidates.find((candidate) => candidate.toLowerCase().startsWith(lowered))
}

/** Counts letters that are added, removed, replaced, or swapped with the next one (optimal string alignment). */
function editsBetween(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + same,
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return last[right.length] ?? 0
}
