/** What the screen is given, and what comes back from it. Plain data: who makes it is in cli/top. */

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
  /** What is not as it should be, in words. */
  notices: string[]
  rows: HeaderRow[]
  /** A tab that was not looked at yet has none. */
  tables: Partial<Record<Tab, Table>>
}

export interface HeaderRow {
  label: string
  /** A rate over the time that was chosen; null where nothing is known. */
  curve?: (number | null)[]
  /** The most important first: the last are left out where the line is short. */
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
  /** Stays the same from look to look. */
  key: string
  cells: string[]
  isBad: boolean
  details: [name: string, value: string][]
  proposals: Partial<Record<ActKey, Proposal>>
}

export const ACT_KEYS = ['r', 'b', 'u'] as const
export type ActKey = (typeof ACT_KEYS)[number]

/** What a key would do to a row. */
export interface Proposal {
  question: string
  /** What it would mean, a line each. */
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
