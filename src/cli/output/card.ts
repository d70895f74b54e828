/** `name  value` lines, aligned. */
export function renderCard(entries: [string, string | null | undefined][]): string[] {
  const shown = entries.filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}
