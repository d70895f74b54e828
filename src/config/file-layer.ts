import type { TomlTable } from 'smol-toml'
import { joinLayers, type Layer } from './layer.ts'
import { fileNames } from './names.ts'
import type { Problem } from './problem.ts'
import { type Key, SECTION_TEXTS } from './schema.ts'
import { lineWithoutValue } from './source-line.ts'
import { type KeyPlace, placeKeys } from './toml-places.ts'
import { type ConfigFile, parseToml } from './toml-syntax.ts'
import { refuseUnknownKey } from './unknown-key.ts'
import { readValueFile, warnOfReaders } from './value-file.ts'
import type { ValueSource } from './value-source.ts'

/** Reads the configuration file. An unknown key is a problem, so that misspellings are found. */
export function readFileLayer(file: ConfigFile, cwd: string): Layer {
  const parsed = parseToml(file)
  if ('problem' in parsed) return { candidates: [], problems: [parsed.problem], warnings: [], isIncomplete: true }
  const written = writtenValues(parsed.table)
  const places = placeKeys(file.text)
  const names = fileNames()
  const layers = names.flatMap(({ name, key, isFile }): Layer[] => {
    if (!written.has(name)) return []
    const value = written.get(name)
    const source: ValueSource = { kind: 'file', name, path: file.path, ...placeOfValue(places.get(name)) }
    if (isFile && typeof value === 'string') return [readValueFile(key, source, value, cwd)]
    const isText = isListInText(key, name, value)
    return [{ candidates: [{ key, value, isText, source }], problems: [], warnings: warnOfReaders(file.path, key) }]
  })
  const known = new Set(names.map(({ name }) => name))
  const problems = [...written].flatMap(([name, value]) =>
    known.has(name) ? [] : [unknownKey(file, name, value, places.get(name))],
  )
  return joinLayers([...layers, { candidates: [], problems, warnings: [] }])
}

function placeOfValue(place: KeyPlace | undefined) {
  return place?.value ?? place?.key ?? { line: 1, column: 1 }
}

/** Dotted name → value, in the order of the file. Only sections are split into their keys. */
function writtenValues(table: TomlTable): Map<string, unknown> {
  return new Map(
    Object.entries(table).flatMap(([name, value]): [string, unknown][] =>
      SECTION_TEXTS.has(name) && isTable(value)
        ? Object.entries(value).map(([inner, item]) => [`${name}.${inner}`, item])
        : [[name, value]],
    ),
  )
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/**
 * `cors_allowed_origins = "https://a.example, https://b.example"` is how lists are written with an established name.
 */
function isListInText(key: Key, name: string, value: unknown): boolean {
  return name === key.established && key.kind.name === 'list' && typeof value === 'string'
}

function unknownKey({ path, text }: ConfigFile, name: string, value: unknown, place?: KeyPlace): Problem {
  const { line, column } = place?.key ?? { line: 1, column: 1 }
  const source = lineWithoutValue(text, line)
  return { path, line, column, key: name, ...refuseUnknownKey(name, isTable(value)), ...(source && { source }) }
}
