import type { Loaded } from '../config/load.ts'
import { toSeconds } from '../platform/clock.ts'
import type { Wired } from '../startup/wire.ts'

/**
 * Keeps the old configuration if the new one or a template is invalid, and then returns false. Logs the keys that need a
 * restart.
 */
export async function reloadConfig({ deps, log, config: live, texts }: Wired, load: () => Loaded): Promise<boolean> {
  try {
    const loaded = load()
    const { files, warnings } = await texts.load(loaded.config)
    for (const { message, path } of warnings) log.warn('template warning', { path, warning: message })
    const { changed, waiting } = live.reload(loaded)
    noteConfig(deps, true)
    log.info('configuration reloaded', {
      changed: changed.map(({ key }) => key),
      needs_restart: waiting.map(({ key }) => key),
      own_texts: files,
    })
    return true
  } catch (error) {
    noteConfig(deps, false)
    log.error('configuration not reloaded: the old one stays in force', { error })
    return false
  }
}

/** Tells the metrics whether the newest configuration is in force. */
export function noteConfig({ metrics, clock }: Wired['deps'], isSuccess: boolean): void {
  metrics.set('config_last_reload_successful', {}, isSuccess ? 1 : 0)
  if (isSuccess) metrics.set('config_last_reload_success_timestamp_seconds', {}, toSeconds(clock.now()))
}
