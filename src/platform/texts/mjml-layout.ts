/** Where the content of a mail stands in the layout. */
export const CONTENT = '<!-- content -->'

export function joinMjml(layout: string, content: string): string {
  return layout.replace(CONTENT, () => content.replace(/\n$/, ''))
}

/** Which file a line of the joined text comes from, and its line there. */
export function splitLine(layout: string, content: string, line: number): { isContent: boolean; line: number } {
  const before = layout.slice(0, layout.indexOf(CONTENT)).split('\n').length
  const height = content.replace(/\n$/, '').split('\n').length
  if (line < before) return { isContent: false, line }
  if (line < before + height) return { isContent: true, line: line - before + 1 }
  return { isContent: false, line: line - height + 1 }
}
