import { createHash } from 'node:crypto'
import { configValue } from './changes.ts'
import { type Config, KEYS } from './schema.ts'

/** Instances with the same hash have the same configuration. Secrets are not part of it. */
export function configHash(config: Config): string {
  const values = KEYS.filter(({ secret }) => !secret).map((key) => [key.key, configValue(config, key)])
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16)
}
