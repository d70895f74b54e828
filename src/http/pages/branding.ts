import { readFileSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { AuthdError } from '../../errors.ts'
import { shell } from '../../platform/shell.ts'

const LOGO_TYPES: Record<string, string> = { '.svg': 'image/svg+xml', '.png': 'image/png', '.webp': 'image/webp' }
const MAX_BYTES = 256 * 1024

export interface BrandFile {
  path: string
  type: string
  body: Buffer
}

/** The paths of the operator's logo and style sheet, if configured. */
export function brandPaths({ logo, themeCss }: Config['app']): { logo?: string; theme?: string } {
  return {
    ...(logo !== undefined && { logo: '/assets/logo' }),
    ...(themeCss !== undefined && { theme: '/assets/theme.css' }),
  }
}

/** Reads both once, at startup. Throws CONFIG_INVALID, with the key, for an unusable file. */
export function readBrand({ logo, themeCss }: Config['app']): BrandFile[] {
  const files: BrandFile[] = []
  if (logo !== undefined) {
    const type = LOGO_TYPES[extname(logo).toLowerCase()]
    if (!type) throw invalid('app.logo', `${logo} is not an .svg, .png or .webp file.`)
    files.push({ path: '/assets/logo', type, body: read('app.logo', logo) })
  }
  if (themeCss !== undefined) {
    const type = 'text/css; charset=utf-8'
    files.push({ path: '/assets/theme.css', type, body: read('app.theme_css', themeCss) })
  }
  return files
}

function read(key: string, path: string): Buffer {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isFile()) throw invalid(key, `${path} does not exist or is not a file.`)
  if (stat.size > MAX_BYTES) throw invalid(key, `${path} is larger than 256 KiB.`)
  try {
    return readFileSync(path)
  } catch (cause) {
    throw invalid(key, `${path} cannot be read by this user.`, cause)
  }
}

function invalid(key: string, what: string, cause?: unknown): AuthdError {
  const suggestions = [shell`authd config reference ${key}`]
  return new AuthdError('CONFIG_INVALID', { message: `${key}: ${what}`, suggestions, cause })
}
