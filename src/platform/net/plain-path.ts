import { unplainIn } from '../plain-text.ts'

/**
 * Says whether all programs read the same in the path of a URL. After one decoding (RFC 3986 §2.1) it must be text in
 * which nothing is encoded any more, with the same slashes, without backslashes, control characters, empty segments and
 * segments of dots. A path parameter hides no such segment, and neither does a character that NFKC turns into another.
 */
export function isPlainPath(path: string): boolean {
  const read = decode(path)
  return read !== undefined && [read, read.normalize('NFKC')].every((text) => isPlainText(text, path))
}

function isPlainText(text: string, path: string): boolean {
  if (/\\|%(?:[0-9a-f]{2}|u)/i.test(text) || unplainIn(text) !== undefined) return false
  const segments = text.split('/').slice(1)
  const isSame = segments.length === path.split('/').length - 1
  return isSame && segments.every((segment, index) => isPlainSegment(segment) || isLastSlash(segments, index))
}

/** Some servers drop what follows `;`, and some file systems drop spaces and dots at the end. */
function isPlainSegment(segment: string): boolean {
  return !/^[.\s]*(;|$)/.test(segment)
}

function isLastSlash(segments: string[], index: number): boolean {
  return segments[index] === '' && index === segments.length - 1
}

/** Undefined for bytes that are not UTF-8, such as a dot in more bytes than it needs, and for a stray `%`. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
