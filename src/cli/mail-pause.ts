import type { Deps } from '../deps.ts'
import { setSetting, showSetting } from '../flows/operator/setting.ts'
import { listQueue } from '../flows/outbox/queue-admin.ts'
import type { Actor } from '../flows/record-event.ts'
import type { Output } from './output/output.ts'

const KEY = 'mail.paused'

/** Sets the live setting mail.paused and prints how many mails wait. */
export async function setMailPause(deps: Deps, actor: Actor, out: Output, isPaused: boolean): Promise<void> {
  const { value: before } = await showSetting(deps, KEY)
  if (before !== isPaused) {
    await setSetting(deps, actor, { key: KEY, value: String(isPaused), own: undefined, acceptsLockout: true })
  }
  const waiting = await listQueue(
    deps,
    { kind: 'mail', state: 'pending' },
    { limit: 1, within: Number.POSITIVE_INFINITY },
  )
  const total = waiting.total.count
  const verb = isPaused ? 'held back' : 'sent'
  out.object({ paused: isPaused, waiting: total, changed: before !== isPaused }, [
    before === isPaused
      ? `Mail is already ${verb}. Waiting: ${total}.`
      : `Mail ${out.did('is now', 'would be')} ${verb}. Waiting: ${total}.`,
  ])
}
