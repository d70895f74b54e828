import type { ConfigSource } from '../deps.ts'
import { parseValue } from './parse-value.ts'
import { type Config, findKey, KEYS, type Key, placeInConfig } from './schema.ts'

/** One live setting as the database has it: the text that `authd settings set` was given. */
export interface LiveSetting {
  key: string
  value: string
}

export const LIVE_KEYS: readonly Key[] = KEYS.filter(({ applies }) => applies === 'live')

export interface ConfigSourceControl extends ConfigSource {
  /** What file, environment and flags say, without the settings. */
  base(): Config
  /** Another one of these, after a reload. */
  replace(next: Config): void
}

/**
 * The configuration in force: what the layers say, and above them the live settings. Only a flag of the command line
 * beats a setting.
 */
export function configSource(
  initial: Config,
  {
    flagged = new Set(),
    onChange = () => {},
  }: { flagged?: ReadonlySet<string>; onChange?: (config: Config) => void } = {},
): ConfigSourceControl {
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
    override(next) {
      settings = next.filter(({ key, value }) => !('message' in readLive(key, value)))
      join()
    },
  }
}

/** A live key's value, or in one sentence what is wrong. */
export function readLive(key: string, text: string): { value: unknown } | { message: string; suggestion?: string } {
  const known = LIVE_KEYS.find((one) => one.key === key)
  if (!known) return { message: findKey(key) ? `${key} cannot be set while authd runs` : `there is no key ${key}` }
  return parseValue({ key: known, value: text, isText: true, origin: { kind: 'default' } })
}

function overlay(base: Config, settings: readonly LiveSetting[]): Config {
  if (settings.length === 0) return base
  const merged: Record<string, unknown> = { ...base }
  for (const { key, value } of settings) {
    const known = findKey(key)
    const read = readLive(key, value)
    if (!known || !('value' in read)) continue
    const [section = '', name = ''] = placeInConfig(known)
    merged[section] = Object.freeze({ ...(merged[section] as object), [name]: read.value })
  }
  return Object.freeze(merged) as unknown as Config
}
