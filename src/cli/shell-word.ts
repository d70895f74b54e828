/** A value as it can be pasted into a shell: what a stranger chose to be called runs nothing there. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
