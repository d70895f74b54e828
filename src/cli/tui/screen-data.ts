/** What the screen gets and returns, as plain data. cli/top makes it. */

export const TABS = ['live', 'sessions', 'blocked', 'mail', 'nodes'] as const
export type Tab = (typeof TABS)[number]

export const TAB_TITLES: Readonly<Record<Tab, string>> = {
  live: 'live events',
  sessions: 'sessions',
  blocked: 'blocked/locked',
  mail: 'mail',
  nodes: 'nodes',
}

export const WINDOWS = [
  { name: '1m', ms: 60_000 },
  { name: '5m', ms: 300_000 },
  { name: '1h', ms: 3_600_000 },
] as const

export interface View {
  /** Whose. */
  title: string
  /** How it stands: `up 12d 4h`. */
  state: string[]
  time: string
  /** Problems, in words. */
  notices: string[]
  rows: HeaderRow[]
  /** A tab that was never opened has none. */
  tables: Partial<Record<Tab, Table>>
}

export interface HeaderRow {
  label: string
  /** A rate over the chosen time. Unknown values are null. */
  curve?: (number | null)[]
  /** The most important first. A short line drops the last ones. */
  figures: Figure[]
}

export interface Figure {
  text: string
  isBad?: boolean
}

export interface Table {
  columns: { header: string; least: number; share: number }[]
  rows: Row[]
  /** Shown for an empty table. */
  empty: string
}

export interface Row {
  /** Stays the same between refreshes. */
  key: string
  cells: string[]
  isBad: boolean
  details: [name: string, value: string][]
  proposals: Partial<Record<ActKey, Proposal>>
}

export const ACT_KEYS = ['r', 'b', 'u'] as const
export type ActKey = (typeof ACT_KEYS)[number]

/** What a key can do to a row. */
export interface Proposal {
  question: string
  /** The consequences, one per line. */
  about: string[]
  /** The command that does the same. */
  command: string
  action: Action
}

export interface Action {
  kind: 'revoke' | 'block' | 'unlock' | 'remove_rule'
  target: string
}

export interface Outcome {
  isDone: boolean
  lines: string[]
}

/** What the screen shows. */
export interface Choice {
  tab: Tab
  windowMs: number
  isPaused: boolean
}
