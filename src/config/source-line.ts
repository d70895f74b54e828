const MAY_HOLD_SECRET = /(secret|password|passwd|pass|pwd|token|\burl)["']?\s*=/i

/** A line of a file for a message. Undefined if it may contain a secret. */
export function visibleLine(text: string, line: number): string | undefined {
  const source = text.split('\n')[line - 1]?.trimEnd()
  return source === undefined || MAY_HOLD_SECRET.test(source) ? undefined : source
}

/** The line without its value, because a misspelt key may have a secret as its value. */
export function lineWithoutValue(text: string, line: number): string | undefined {
  return text.split('\n')[line - 1]?.replace(/=.*/s, '= …').trimEnd()
}
