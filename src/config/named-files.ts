import { X509Certificate } from 'node:crypto'
import { logoType, MAX_BRAND_BYTES, readNamedFile } from '../platform/named-file.ts'
import type { Finding } from './rule.ts'
import type { Config } from './schema.ts'

interface NamedFile {
  key: string
  path: string | undefined
  maxBytes: number
  check?: (body: Buffer, path: string) => string | undefined
}

/** The files that a start needs. A command works without them, so only a start and `config check` look. */
export function findFileFaults({ smtp, app }: Config, broken: ReadonlySet<string>): Finding[] {
  const named: NamedFile[] = [
    { key: 'smtp.ca_file', path: smtp.caFile, maxBytes: 1024 * 1024, check: refuseNoCertificate },
    { key: 'app.logo', path: app.logo, maxBytes: MAX_BRAND_BYTES, check: refuseNoLogo },
    { key: 'app.logo_dark', path: app.logoDark, maxBytes: MAX_BRAND_BYTES, check: refuseNoLogo },
    { key: 'app.mail_logo', path: app.mailLogo, maxBytes: MAX_BRAND_BYTES, check: refuseNoPng },
    { key: 'app.theme_css', path: app.themeCss, maxBytes: MAX_BRAND_BYTES },
  ]
  return named.flatMap(({ key, path, maxBytes, check }) => {
    if (path === undefined || broken.has(key)) return []
    const read = readNamedFile(path, maxBytes)
    const fault = 'fault' in read ? read.fault : check?.(read.body, path)
    return fault === undefined ? [] : [{ key, message: `${key}: ${fault}` }]
  })
}

function refuseNoCertificate(body: Buffer, path: string): string | undefined {
  try {
    new X509Certificate(body)
    return undefined
  } catch {
    return `${path} holds no certificate in PEM`
  }
}

function refuseNoPng(_: Buffer, path: string): string | undefined {
  return logoType(path) === 'image/png' ? undefined : `${path} is not a .png file: mail programs show no other kind`
}

function refuseNoLogo(_: Buffer, path: string): string | undefined {
  return logoType(path) === undefined ? `${path} is not an .svg, .png or .webp file` : undefined
}
