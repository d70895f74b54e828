import { configValue } from './config-values.ts'
import type { Loaded } from './load.ts'
import { KEYS, type Key } from './schema.ts'
import { asWritten, toToml } from './toml-value.ts'
import { describeSource } from './value-source.ts'

export interface ShowOptions {
  /** Shows only this section, or only this key. */
  section?: string | undefined
  onlyChanged?: boolean | undefined
  withOrigin?: boolean | undefined
}

type Effective = Pick<Loaded, 'config' | 'sources'>

/** The effective configuration as TOML. Of a secret, only length and source are shown. */
export function showConfig(loaded: Effective, options: ShowOptions = {}): string {
  let section = ''
  return shownKeys(loaded, options)
    .flatMap((key) => {
      const value = configValue(loaded.config, key)
      if (value === undefined) return []
      const header = key.section === section ? [] : ['', `[${key.section}]`]
      section = key.section
      const text = key.secret ? redact(value, sourceOf(loaded, key)) : asWritten(key, value)
      const comment = options.withOrigin ? `  # ${sourceOf(loaded, key)}` : ''
      return [...header, `${key.name} = ${toToml(text)}${comment}`]
    })
    .join('\n')
    .trimStart()
}

/** The same as nested objects, for `--json`. A key that is not set is null. */
export function describeConfig(loaded: Effective, options: ShowOptions = {}): Record<string, unknown> {
  const described: Record<string, unknown> = {}
  for (const key of shownKeys(loaded, options)) {
    const value = describe(loaded, key, options)
    if (key.section === '') described[key.name] = value
    else described[key.section] = { ...(described[key.section] as object | undefined), [key.name]: value }
  }
  return described
}

function describe(loaded: Effective, key: Key, { withOrigin }: ShowOptions): unknown {
  const value = configValue(loaded.config, key)
  const source = sourceOf(loaded, key)
  if (key.secret && typeof value === 'string') return { redacted: true, length: value.length, origin: source }
  const shown = value === undefined ? null : asWritten(key, value)
  return withOrigin ? { value: shown, origin: source } : shown
}

function shownKeys({ sources }: Effective, { section, onlyChanged }: ShowOptions): Key[] {
  return KEYS.filter(
    (key) =>
      (section === undefined || key.section === section || key.key === section) &&
      (!onlyChanged || sources.get(key.key)?.kind !== 'default'),
  )
}

function sourceOf({ sources }: Effective, key: Key): string {
  return describeSource(sources.get(key.key) ?? { kind: 'default' })
}

function redact(value: unknown, source: string): string {
  return `•••• (${String(value).length} chars, from ${source})`
}
