import { join } from 'node:path'
import type { Layer } from './layer.ts'
import { KEYS } from './schema.ts'
import { readText } from './value-file.ts'
import type { ValueSource } from './value-source.ts'

/**
 * Reads systemd's credentials from `$CREDENTIALS_DIRECTORY` (systemd.exec(5), LoadCredential=): `smtp_password` or
 * `authd.smtp_password`. Of the server secret, only the path is taken. It is read where it is used.
 */
export function readCredentialLayer(directory: string | undefined): Layer {
  if (!directory) return { candidates: [], problems: [], warnings: [] }
  const secrets = KEYS.filter(({ secret }) => secret)
  const candidates = secrets.flatMap((key) =>
    [key.credential, ...(key.established ? [key.established] : [])]
      .flatMap((name) => [name, `authd.${name}`])
      .flatMap((name) => {
        const path = join(directory, name)
        const value = readText(path)
        const source: ValueSource = { kind: 'credential', name, path }
        if (value === undefined) return []
        if (key.key !== 'secret') return [{ key, value, isText: true, source }]
        return KEYS.filter((row) => row.key === 'secret_file').map((row) => ({
          key: row,
          value: path,
          isText: true,
          source,
        }))
      }),
  )
  return { candidates, problems: [], warnings: [] }
}
