import type { Config } from '../../config/schema.ts'
import { AuthdError } from '../../errors.ts'
import { logoType, MAX_BRAND_BYTES, readNamedFile } from '../../platform/named-file.ts'
import { shell } from '../../platform/shell.ts'

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
    const type = logoType(logo)
    if (!type) throw invalid('app.logo', `${logo} is not an .svg, .png or .webp file`)
    files.push({ path: '/assets/logo', type, body: read('app.logo', logo) })
  }
  if (themeCss !== undefined) {
    const type = 'text/css; charset=utf-8'
    files.push({ path: '/assets/theme.css', type, body: read('app.theme_css', themeCss) })
  }
  return files
}

function read(key: string, path: string): Buffer {
  const found = readNamedFile(path, MAX_BRAND_BYTES)
  if ('fault' in found) throw invalid(key, found.fault)
  return found.body
}

function invalid(key: string, what: string): AuthdError {
  const suggestions = [shell`authd config reference ${key}`]
  return new AuthdError('CONFIG_INVALID', { message: `${key}: ${what}.`, suggestions })
}
