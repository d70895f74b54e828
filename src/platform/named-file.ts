import { readFileSync, statSync } from 'node:fs'

/** Reads a file that the configuration names, or says in words why it is of no use. */
export function readNamedFile(path: string, maxBytes: number): { body: Buffer } | { fault: string } {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat?.isFile()) return { fault: `${path} does not exist or is not a file` }
    if (stat.size > maxBytes) return { fault: `${path} is larger than ${maxBytes / 1024} KiB` }
    return { body: readFileSync(path) }
  } catch {
    return { fault: `${path} cannot be read by this user` }
  }
}

const LOGO_TYPES = new Map([
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.webp', 'image/webp'],
])

/** The media type of a logo, by its file name. */
export function logoType(path: string): string | undefined {
  return LOGO_TYPES.get(/\.\w+$/.exec(path)?.[0].toLowerCase() ?? '')
}

/** Logo and style sheet are held in memory. */
export const MAX_BRAND_BYTES = 256 * 1024
