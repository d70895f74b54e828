import type { Config } from '../../config/schema.ts'
import { AuthdError } from '../../errors.ts'
import { type Accent, accentsOf } from '../../platform/accent.ts'
import { logoType, MAX_BRAND_BYTES, readNamedFile } from '../../platform/named-file.ts'
import { shell } from '../../platform/shell.ts'

export interface BrandFile {
  path: string
  type: string
  body: Buffer
}

const CSS = 'text/css; charset=utf-8'

/** The paths of the operator's design, as far as it is configured. layout.hbs loads accent before theme. */
export function brandPaths({ accent, logo, logoDark, themeCss }: Config['app']): {
  accent?: string
  logo?: string
  logoDark?: string
  theme?: string
} {
  return {
    ...(accent !== undefined && { accent: '/assets/accent.css' }),
    ...(logo !== undefined && { logo: '/assets/logo' }),
    ...(logo !== undefined && logoDark !== undefined && { logoDark: '/assets/logo-dark' }),
    ...(themeCss !== undefined && { theme: '/assets/theme.css' }),
  }
}

/** Reads the files once, at startup. Throws CONFIG_INVALID, with the key, for an unusable one. */
export function readBrand({ accent, logo, logoDark, themeCss }: Config['app']): BrandFile[] {
  return [
    ...(accent === undefined ? [] : [{ path: '/assets/accent.css', type: CSS, body: accentCss(accent) }]),
    ...(logo === undefined ? [] : [readLogo('app.logo', logo, '/assets/logo')]),
    ...(logoDark === undefined ? [] : [readLogo('app.logo_dark', logoDark, '/assets/logo-dark')]),
    ...(themeCss === undefined
      ? []
      : [{ path: '/assets/theme.css', type: CSS, body: read('app.theme_css', themeCss) }]),
  ]
}

function accentCss(accent: string): Buffer {
  const { light, dark } = accentsOf(accent)
  const rule = ({ fill, strong, on, link }: Accent) =>
    `:root { --accent: ${fill}; --accent-strong: ${strong}; --on-accent: ${on}; --link: ${link}; --link-strong: ${link}; }`
  return Buffer.from(`${rule(light)}\n@media (prefers-color-scheme: dark) { ${rule(dark)} }\n`)
}

function readLogo(key: string, file: string, path: string): BrandFile {
  const type = logoType(file)
  if (!type) throw invalid(key, `${file} is not an .svg, .png or .webp file`)
  return { path, type, body: read(key, file) }
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
