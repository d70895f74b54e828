import { setTimeout as wait } from 'node:timers/promises'
import type { Deps } from '../../deps.ts'
import { SECOND } from '../../platform/clock.ts'
import { isUnicodeLocale } from '../output/sparkline.ts'
import { type Choice, WINDOWS } from '../tui/screen-data.ts'
import type { TuiOptions } from '../tui/start.ts'
import { act, type Operator } from './acts.ts'
import { loadTui } from './load-tui.ts'
import type { Looker } from './refresh.ts'
import { viewOf } from './screen-content.ts'

/** Length of a curve until the width of the terminal is known. */
const SLICES = 20

/** Refreshes and draws until the operator quits. */
export async function runTop(
  deps: Deps,
  looker: Looker,
  { title, operator, stdin, stdout }: { title: string; operator: Operator } & Pick<TuiOptions, 'stdin' | 'stdout'>,
): Promise<'quit' | 'interrupted'> {
  const { startTui } = await loadTui()
  let choice: Choice = { tab: 'live', windowMs: WINDOWS[0].ms, isPaused: false }
  let slices = SLICES
  let isChanged = false
  let rest = new AbortController()
  const view = () => viewOf(looker.seen(), { title, windowMs: choice.windowMs, slices, reason: operator.reason })

  await looker.look({ tabs: [choice.tab], what: 'all' })
  const tui = startTui(view(), {
    stdin,
    stdout,
    isUnicode: isUnicodeLocale(process.env),
    async act(action) {
      const outcome = await act(deps, operator, action)
      await looker.look({ tabs: [choice.tab], what: 'all' })
      tui.show(view())
      return outcome
    },
    choose(next) {
      isChanged ||= next.tab !== choice.tab
      choice = next
      rest.abort()
    },
  })
  let isOver = false
  const ended = tui.ended.finally(() => {
    isOver = true
    rest.abort()
  })
  // Awaited below. Until then Node must not report an unhandled rejection.
  ended.catch(() => {})
  try {
    while (!isOver) {
      slices = tui.curve()
      const isOtherTab = isChanged
      isChanged = false
      rest = new AbortController()
      // While paused, a newly opened tab is still loaded once, so that it is not empty.
      if (!choice.isPaused || isOtherTab) {
        await looker.look({ tabs: [choice.tab], what: isOtherTab ? 'database' : 'due' })
      }
      if (isOver) break
      tui.show(view())
      await wait(SECOND, undefined, { signal: rest.signal }).catch(() => {})
    }
  } finally {
    tui.stop()
  }
  return await ended
}
