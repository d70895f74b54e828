import { type Key, render, useInput, useWindowSize } from 'ink'
import { createElement as h, type ReactElement } from 'react'
import { matching, type Press, press, START, type Ui } from './key-presses.ts'
import { curveOf, pageOf, Screen } from './screen.ts'
import { type Action, type Choice, type Outcome, type View, WINDOWS } from './screen-data.ts'

export interface TuiOptions {
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  /** Does what was confirmed and returns the outcome. */
  act(action: Action): Promise<Outcome>
  /** Called when the operator opens another tab, time window or pause. */
  choose(choice: Choice): void
  isUnicode: boolean
}

export interface Tui {
  show(view: View): void
  /** How many values of a curve fit. */
  curve(): number
  /** Restores the terminal. */
  stop(): void
  /** Resolves when the terminal is restored. Rejects if drawing failed. */
  ended: Promise<'quit' | 'interrupted'>
}

/** Takes over the terminal until the operator quits. */
export function startTui(first: View, { stdin, stdout, act, choose, isUnicode }: TuiOptions): Tui {
  let view = first
  let ui = START
  let end: 'quit' | 'interrupted' = 'quit'
  let isOver = false

  const draw = () => {
    if (!isOver) instance.rerender(app())
  }
  const set = (next: Ui) => {
    const isOther = next.tab !== ui.tab || next.window !== ui.window || next.isPaused !== ui.isPaused
    ui = next
    if (isOther) choose({ tab: ui.tab, windowMs: WINDOWS[ui.window]?.ms ?? WINDOWS[0].ms, isPaused: ui.isPaused })
  }
  const onKeys = (keys: Press[], rows: number) => {
    for (const key of keys) {
      const shown = matching(view.tables[ui.tab]?.rows ?? [], ui.filter)
      const pressed = press(ui, key, { rows: shown, page: pageOf(view, rows) })
      set(pressed.ui)
      const { effect } = pressed
      if (effect?.kind === 'act') {
        void act(effect.action).then((outcome) => {
          ui = { ...ui, mode: { kind: 'outcome', proposal: effect.proposal, outcome } }
          draw()
        })
      } else if (effect) {
        end = effect.kind === 'quit' ? 'quit' : 'interrupted'
        instance.unmount()
        return
      }
    }
    draw()
  }
  const app = () => h(App, { view, ui, isUnicode, onKeys })
  const instance = render(app(), {
    stdin,
    stdout,
    alternateScreen: true,
    interactive: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 10,
    incrementalRendering: true,
  })
  return {
    show(next) {
      view = next
      draw()
    },
    stop: () => instance.unmount(),
    curve: () => curveOf(stdout.columns),
    ended: instance
      .waitUntilExit()
      .finally(() => {
        isOver = true
      })
      .then(() => end),
  }
}

interface AppProps {
  view: View
  ui: Ui
  isUnicode: boolean
  onKeys(keys: Press[], rows: number): void
}

function App({ view, ui, isUnicode, onKeys }: AppProps): ReactElement {
  const size = useWindowSize()
  useInput((input, key) => onKeys(pressesOf(input, key), size.rows))
  return h(Screen, { view, ui, size, isUnicode })
}

/** Splits pasted input into single keys. */
function pressesOf(input: string, key: Key): Press[] {
  const name = nameOf(key)
  if (name !== undefined) return [{ text: '', name }]
  return [...input].map((text) => ({ text, isControl: key.ctrl }))
}

function nameOf(key: Key): Press['name'] {
  if (key.upArrow) return 'up'
  if (key.downArrow) return 'down'
  if (key.leftArrow) return 'left'
  if (key.rightArrow) return 'right'
  if (key.pageUp) return 'pageUp'
  if (key.pageDown) return 'pageDown'
  if (key.home) return 'home'
  if (key.end) return 'end'
  if (key.return) return 'enter'
  if (key.escape) return 'escape'
  if (key.backspace || key.delete) return 'backspace'
  return key.tab ? 'tab' : undefined
}
