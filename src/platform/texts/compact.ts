/** A style sheet without comments and needless space. Strings in it hold no double space and none of `{};,>`. */
export function compactStyle(css: string): string {
  return css
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,>]) ?/g, '$1')
    .replaceAll(': ', ':')
    .replaceAll(';}', '}')
    .replace(/(?<=[\s:,(])0\./g, '.')
    .trim()
}

/** A script without indentation, blank lines, and comments that have lines of their own. */
export function compactScript(script: string): string {
  return script
    .replace(/^\s*\/\*\*.*?\*\/$/gms, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s+/gm, '')
}
