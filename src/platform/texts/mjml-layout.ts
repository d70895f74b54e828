/** Marks the place of a mail's content in the layout. */
export const CONTENT = '<!-- content -->'

export function joinMjml(layout: string, content: string): string {
  return layout.replace(CONTENT, () => content.replace(/\n$/, ''))
}

/** Finds the file of a line of the joined text, and the line in that file. */
export function splitLine(layout: string, content: string, line: number): { isContent: boolean; line: number } {
  const before = layout.slice(0, layout.indexOf(CONTENT)).split('\n').length
  const height = content.replace(/\n$/, '').split('\n').length
  if (line < before) return { isContent: false, line }
  if (line < before + height) return { isContent: true, line: line - before + 1 }
  return { isContent: false, line: line - height + 1 }
}
