import { type Config, KEYS, type Key, placeInConfig } from './schema.ts'

/** The keys whose values differ after a reload. `applies` of a key says whether it needs a restart. */
export function changedKeys(before: Config, after: Config): Key[] {
  return KEYS.filter((key) => JSON.stringify(configValue(before, key)) !== JSON.stringify(configValue(after, key)))
}

/** The value of a key in a Config. */
export function configValue(config: Config, key: Key): unknown {
  return placeInConfig(key).reduce<unknown>(
    (part, name) => (typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined),
    config,
  )
}

/** The same Config with other values for some keys. */
export function withValues(config: Config, others: ReadonlyMap<string, unknown>): Config {
  const valueFor = (key: Key) => (others.has(key.key) ? others.get(key.key) : configValue(config, key))
  return configOf(new Map(KEYS.map((key) => [key.key, valueFor(key)])))
}

/** The frozen Config of these values, by key. */
export function configOf(values: ReadonlyMap<string, unknown>): Config {
  const config: Record<string, unknown> = {}
  for (const key of KEYS) {
    const [first = '', second] = placeInConfig(key)
    const value = freeze(values.get(key.key))
    if (second === undefined) config[first] = value
    else config[first] = { ...(config[first] as object | undefined), [second]: value }
  }
  for (const part of Object.values(config)) freeze(part)
  // The type Config is derived from the same keys.
  return Object.freeze(config) as unknown as Config
}

function freeze<Value>(value: Value): Value {
  return typeof value === 'object' && value !== null ? Object.freeze(value) : value
}
