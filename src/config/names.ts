import { KEYS, type Key } from './schema.ts'

/** A name under which a key may be written. */
export interface Name {
  name: string
  key: Key
  /** The name from before: ranks just below the new one in the same layer. */
  isEstablished: boolean
  /** The value is the path of a file that holds the value. */
  isFile: boolean
}

/** Every name in the environment, `AUTHD_SMTP_PASSWORD` and `SMTP_PASSWORD`, each also with `_FILE`. */
export function environmentNames(): Name[] {
  return withoutDoubles(
    KEYS.flatMap((key) => [
      { name: key.env, key, isEstablished: false, isFile: false },
      { name: `${key.env}_FILE`, key, isEstablished: false, isFile: true },
      ...establishedNames(key, (name) => name.toUpperCase(), '_FILE'),
    ]).filter(({ key, isFile }) => !isFile || key.kind.name !== 'path'),
  )
}

/** Every dotted name in the file; only secrets have a `_file` there. */
export function fileNames(): Name[] {
  return withoutDoubles(
    KEYS.flatMap((key) => [
      { name: key.key, key, isEstablished: false, isFile: false },
      ...(key.secret ? [{ name: `${key.key}_file`, key, isEstablished: false, isFile: true }] : []),
      ...establishedNames(key, (name) => name, '_file').filter(({ isFile }) => !isFile || key.secret),
    ]),
  )
}

function establishedNames(key: Key, spell: (name: string) => string, suffix: string): Name[] {
  if (!key.established) return []
  const name = spell(key.established)
  return [
    { name, key, isEstablished: true, isFile: false },
    { name: `${name}${suffix}`, key, isEstablished: true, isFile: true },
  ]
}

/** `secret_file` is a key of its own, so it is not also "the file of secret". */
function withoutDoubles(names: Name[]): Name[] {
  const keys = new Set(names.filter(({ isFile }) => !isFile).map(({ name }) => name))
  return names.filter(({ isFile, name }) => !isFile || !keys.has(name))
}
