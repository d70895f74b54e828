import { expect, test } from 'vitest'
import { configValue } from '../../src/config/config-values.ts'
import { liveConfig } from '../../src/config/live-config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { findKey, KEYS, type Key } from '../../src/config/schema.ts'

const load = (text: string) => loadConfig({ env: {}, configPath: '-', stdin: text })
const file = (lines: string[]) =>
  load([...lines, '[smtp]', 'host = "127.0.0.1"', '[mail]', 'from = "a@example.com"'].join('\n'))

/** What the default of a key derives from, and its value. */
function derived(key: Key, config: ReturnType<typeof load>['config']) {
  const from: Key[] = []
  const value = (name: string) => {
    const found = findKey(name)
    if (found) from.push(found)
    return found && configValue(config, found)
  }
  return { value: key.fallback?.of({ isDev: false, value }), from }
}

test('after a reload every derived default agrees with what it derives from, also if that waits for a restart', () => {
  const before = file(['public_url = "https://auth.example.com"', 'data_dir = "/srv/one"'])
  const after = file(['public_url = "https://other.example.org/auth"', 'data_dir = "/srv/two"'])
  const live = liveConfig(before.config)

  const { changed, waiting } = live.reload(after)

  const keys = KEYS.filter(({ key, fallback }) => fallback && after.sources.get(key)?.kind === 'default')
  const compared = keys
    .map((key) => ({ key: key.key, ...derived(key, live.current()) }))
    .filter(({ from }) => from.length > 0)
  expect(compared.map(({ key }) => key)).toEqual(
    expect.arrayContaining(['tokens.audience', 'webauthn.rp_id', 'server.hsts']),
  )
  expect(compared.map(({ key }) => [key, configValue(live.current(), findKey(key) as Key)])).toEqual(
    compared.map(({ key, value }) => [key, value]),
  )
  expect(live.current().tokens.audience).toBe('https://auth.example.com')
  expect(waiting.map(({ key }) => key)).toContain('public_url')
  expect(changed.map(({ key }) => key)).not.toContain('tokens.audience')
})
