/** How many things one unit of a bulk act changes, so that no unit holds the writer, or locks, for long. */
export const PART = 100

/** A list in parts, one for each unit. */
export function partsOf<Item>(items: readonly Item[]): Item[][] {
  const parts: Item[][] = []
  for (let at = 0; at < items.length; at += PART) parts.push(items.slice(at, at + PART))
  return parts
}
