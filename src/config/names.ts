import { KEYS, type Key } from './schema.ts'

/** A name that sets a key. */
export interface Name {
  name: string
  key: Key
  /** An older name. In the same layer, the new name overrides it. */
  isEstablished: boolean
  /** The value is the path of a file that contains the real value. */
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

/** Every dotted name in the file. Only secrets also have a name with `_file`. */
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

/** `secret_file` is itself a key, so it must not also mean "the file of `secret`". */
function withoutDoubles(names: Name[]): Name[] {
  const keys = new Set(names.filter(({ isFile }) => !isFile).map(({ name }) => name))
  return names.filter(({ isFile, name }) => !isFile || !keys.has(name))
}
