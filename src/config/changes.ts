import { createHash } from 'node:crypto'
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

/** Instances with the same hash have the same configuration. Secrets are not part of it. */
export function configHash(config: Config): string {
  const values = KEYS.filter(({ secret }) => !secret).map((key) => [key.key, configValue(config, key)])
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16)
}
