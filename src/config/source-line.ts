const MAY_HOLD_SECRET = /(secret|password|passwd|pass|pwd|token|\burl)["']?\s*=/i

/** The line of a file that a message may show: undefined where a secret could stand in it. */
export function visibleLine(text: string, line: number): string | undefined {
  const source = text.split('\n')[line - 1]?.trimEnd()
  return source === undefined || MAY_HOLD_SECRET.test(source) ? undefined : source
}

/** The line without its value, since a misspelt name may stand before a secret. */
export function lineWithoutValue(text: string, line: number): string | undefined {
  return text.split('\n')[line - 1]?.replace(/=.*/s, '= …').trimEnd()
}
