import { changedKeys, configValue, withValues } from './config-values.ts'
import type { Loaded } from './load.ts'
import { parseValue } from './parse-value.ts'
import { type Config, findKey, KEYS, type Key } from './schema.ts'
import { asWritten } from './toml-value.ts'

/** One live setting as stored: the text given to `authd settings set`. */
export interface LiveSetting {
  key: string
  value: string
}

const LIVE_KEYS: readonly Key[] = KEYS.filter(({ applies }) => applies === 'live')

/** The LiveConfig of the flows, with what only the process that owns it may do. */
export interface LiveConfigControl {
  current(): Config
  override(settings: readonly LiveSetting[]): void
  live(): { key: string; value: unknown; configured: unknown }[]
  refuse(key: string, text: string): { isKey: boolean; message: string } | undefined
  /** The configuration without live settings. */
  base(): Config
  /** Replaces the configuration without live settings. */
  replace(next: Config): void
  /**
   * Replaces it after a reload, except keys that need a restart: they keep the values that the process started with.
   * So does a default that derives from them. Returns which keys have changed, and which wait for a restart.
   */
  reload(next: Pick<Loaded, 'config' | 'sources'>): { changed: Key[]; waiting: Key[] }
}

/**
 * The current configuration: all layers, overridden by the live settings. Only a flag of the command line overrides a live
 * setting.
 */
export function liveConfig(
  initial: Config,
  {
    flagged = new Set(),
    onChange = () => {},
  }: { flagged?: ReadonlySet<string>; onChange?: (config: Config) => void } = {},
): LiveConfigControl {
  let base = initial
  let settings: readonly LiveSetting[] = []
  let current = initial
  const join = () => {
    const counted = settings.filter(({ key }) => !flagged.has(key))
    current = overlay(base, counted)
    onChange(current)
  }
  return {
    current: () => current,
    base: () => base,
    replace(next) {
      base = next
      join()
    },
    reload({ config: next, sources }) {
      const needsRestart = ({ applies }: Key) => applies === 'restart'
      const before = base
      const waiting = changedKeys(initial, next).filter(needsRestart)
      base = withValues(next, new Map(waiting.map((key) => [key.key, configValue(initial, key)])))
      const isDefault = ({ key }: Key) => sources.get(key)?.kind === 'default'
      base = withValues(
        base,
        derivedDefaults(base, waiting, (key) => !needsRestart(key) && isDefault(key)),
      )
      const changed = changedKeys(before, base)
      join()
      return { changed, waiting }
    },
    override(next) {
      settings = next
      join()
    },
    live: () =>
      LIVE_KEYS.map((key) => {
        const written = (config: Config) => asWritten(key, configValue(config, key)) ?? null
        return { key: key.key, value: written(current), configured: written(base) }
      }),
    refuse,
  }
}

/** The defaults that derive from a key that waits for a restart, as they are until then. */
function derivedDefaults(
  running: Config,
  waiting: readonly Key[],
  isDerived: (key: Key) => boolean,
): Map<string, unknown> {
  const values = new Map<string, unknown>()
  const late = new Set(waiting.map(({ key }) => key))
  for (const key of KEYS.filter(isDerived)) {
    let isLate = false
    const value = (name: string) => {
      isLate ||= late.has(name)
      const from = findKey(name)
      return values.get(name) ?? (from && configValue(running, from))
    }
    // Only keys that need a restart have another default in development.
    const derived = key.fallback?.of({ isDev: false, value })
    if (!isLate) continue
    values.set(key.key, derived)
    late.add(key.key)
  }
  return values
}

function refuse(name: string, text: string): { isKey: boolean; message: string } | undefined {
  const key = LIVE_KEYS.find((live) => live.key === name)
  if (!key && findKey(name)) return { isKey: true, message: `${name} cannot be set while authd runs` }
  if (!key) return { isKey: false, message: `Unknown key ${name}` }
  const read = parseValue(candidate(key, text))
  if (!('message' in read)) return undefined
  return { isKey: true, message: `${read.message}${read.suggestion === undefined ? '' : `. ${read.suggestion}`}` }
}

function candidate(key: Key, value: string) {
  return { key, value, isText: true, source: { kind: 'default' } as const }
}

function overlay(base: Config, settings: readonly LiveSetting[]): Config {
  if (settings.length === 0) return base
  const others = new Map<string, unknown>()
  for (const { key, value } of settings) {
    const known = LIVE_KEYS.find((live) => live.key === key)
    const read = known && parseValue(candidate(known, value))
    if (read && 'value' in read) others.set(key, read.value)
  }
  return withValues(base, others)
}
