import { ACT_KEYS, type Action, type Outcome, type Proposal, type Row, TABS, type Tab, WINDOWS } from './screen-data.ts'

export interface Press {
  /** The typed text; empty for named keys. */
  text: string
  name?:
    | 'up'
    | 'down'
    | 'left'
    | 'right'
    | 'pageUp'
    | 'pageDown'
    | 'home'
    | 'end'
    | 'enter'
    | 'escape'
    | 'backspace'
    | 'tab'
    | undefined
  isControl?: boolean
}

type Mode =
  | { kind: 'table' }
  | { kind: 'filter' }
  | { kind: 'details'; row: Row; top: number }
  | { kind: 'help' }
  | { kind: 'confirm'; proposal: Proposal }
  | { kind: 'working'; proposal: Proposal }
  | { kind: 'outcome'; proposal: Proposal; outcome: Outcome }

/** The state of the screen. */
export interface Ui {
  tab: Tab
  /** Of WINDOWS. */
  window: number
  isPaused: boolean
  filter: string
  /** Key of the row, or null for the first row. */
  selected: string | null
  mode: Mode
  message: string
}

export const START: Ui = {
  tab: 'live',
  window: 0,
  isPaused: false,
  filter: '',
  selected: null,
  mode: { kind: 'table' },
  message: '',
}

type Effect = { kind: 'quit' } | { kind: 'interrupt' } | { kind: 'act'; proposal: Proposal; action: Action }

export interface Pressed {
  ui: Ui
  effect?: Effect
}

const NOTHING_TO_DO = {
  r: 'r ends a session. This row has no active session.',
  b: 'b blocks an IP address. This row has none.',
  u: 'u unlocks a user or removes a rule. This row has neither.',
} as const

/** The rows with the text in a cell or in the details. */
export function matching(rows: readonly Row[], filter: string): Row[] {
  const wanted = filter.trim().toLowerCase()
  if (wanted === '') return [...rows]
  const texts = (row: Row) => [...row.cells, ...row.details.map(([, value]) => value)]
  return rows.filter((row) => texts(row).some((text) => text.toLowerCase().includes(wanted)))
}

/** Index of the chosen row. If it is gone, the first row is chosen. */
export function indexOfSelected(rows: readonly Row[], selected: string | null): number {
  return Math.max(
    0,
    rows.findIndex(({ key }) => key === selected),
  )
}

/** Returns the state after a key press. `page` is the number of rows that the screen shows. */
export function press(ui: Ui, key: Press, { rows, page }: { rows: readonly Row[]; page: number }): Pressed {
  if (key.isControl) return key.text === 'c' ? { ui, effect: { kind: 'interrupt' } } : { ui }
  const { mode } = ui
  const back: Ui = { ...ui, mode: { kind: 'table' } }
  if (mode.kind === 'working') return { ui }
  if (mode.kind === 'outcome' || mode.kind === 'help') return { ui: back }
  if (mode.kind === 'confirm') {
    // Only the letter confirms, because Enter is easily pressed by mistake.
    if (key.text !== 'y') return { ui: { ...back, message: 'Nothing was changed.' } }
    const { proposal } = mode
    return {
      ui: { ...ui, mode: { kind: 'working', proposal } },
      effect: { kind: 'act', proposal, action: proposal.action },
    }
  }
  if (mode.kind === 'details') return pressInDetails({ ...ui, message: '' }, mode, key)
  if (mode.kind === 'filter') return { ui: pressInFilter(ui, key) }
  return pressInTable({ ...ui, message: '' }, key, { rows, page })
}

function pressInFilter(ui: Ui, { text, name }: Press): Ui {
  if (name === 'enter') return { ...ui, mode: { kind: 'table' } }
  if (name === 'escape') return { ...ui, filter: '', mode: { kind: 'table' } }
  if (name === 'backspace') return { ...ui, filter: [...ui.filter].slice(0, -1).join('') }
  return name === undefined ? { ...ui, filter: (ui.filter + text).slice(0, 60) } : ui
}

function pressInDetails(ui: Ui, mode: Extract<Mode, { kind: 'details' }>, { text, name }: Press): Pressed {
  const scroll = (by: number) => ({ ui: { ...ui, mode: { ...mode, top: Math.max(0, mode.top + by) } } })
  if (name === 'down') return scroll(1)
  if (name === 'up') return scroll(-1)
  const actKey = ACT_KEYS.find((known) => known === text)
  if (actKey) return { ui: propose(ui, mode.row, actKey) }
  if (text === 'q') return { ui, effect: { kind: 'quit' } }
  return { ui: { ...ui, mode: { kind: 'table' } } }
}

function pressInTable(ui: Ui, { text, name }: Press, { rows, page }: { rows: readonly Row[]; page: number }): Pressed {
  const at = indexOfSelected(rows, ui.selected)
  const row = rows[at]
  const select = (index: number): Pressed => {
    const next = Math.min(Math.max(0, index), rows.length - 1)
    // On the first row the selection stays at the top, where new rows appear.
    return { ui: { ...ui, selected: next <= 0 ? null : (rows[next]?.key ?? null) } }
  }
  const open = (tab: Tab | undefined): Pressed =>
    tab === undefined ? { ui } : { ui: { ...ui, tab, selected: null, filter: '' } }
  const turn = (by: number) => open(TABS[(TABS.indexOf(ui.tab) + by + TABS.length) % TABS.length])
  const actKey = ACT_KEYS.find((known) => known === text)
  if (actKey) return { ui: row ? propose(ui, row, actKey) : { ...ui, message: 'No row is selected.' } }
  if (/^[1-5]$/.test(text)) return open(TABS[Number(text) - 1])
  if (name === 'down' || text === 'j') return select(at + 1)
  if (name === 'up' || text === 'k') return select(at - 1)
  if (name === 'pageDown') return select(at + page)
  if (name === 'pageUp') return select(at - page)
  if (name === 'home') return select(0)
  if (name === 'end') return select(rows.length - 1)
  if (name === 'right' || name === 'tab') return turn(1)
  if (name === 'left') return turn(-1)
  if (name === 'enter') return { ui: row ? { ...ui, mode: { kind: 'details', row, top: 0 } } : ui }
  if (name === 'escape') return { ui: { ...ui, filter: '', selected: null } }
  if (text === '/') return { ui: { ...ui, mode: { kind: 'filter' } } }
  if (text === '?') return { ui: { ...ui, mode: { kind: 'help' } } }
  if (text === 'p') return { ui: { ...ui, isPaused: !ui.isPaused } }
  if (text === 't') return { ui: { ...ui, window: (ui.window + 1) % WINDOWS.length } }
  return text === 'q' ? { ui, effect: { kind: 'quit' } } : { ui }
}

function propose(ui: Ui, row: Row, key: (typeof ACT_KEYS)[number]): Ui {
  const proposal = row.proposals[key]
  return proposal ? { ...ui, mode: { kind: 'confirm', proposal } } : { ...ui, message: NOTHING_TO_DO[key] }
}
