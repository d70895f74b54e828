import { Box, Text } from 'ink'
import { createElement as h, type ReactElement } from 'react'
import { Dialog } from './dialog.ts'
import { indexOfSelected, matching, type Ui } from './key-presses.ts'
import { type HeaderRow, type Row, TAB_TITLES, TABS, type Table, type View, WINDOWS } from './screen-data.ts'
import { sparkline } from './sparkline.ts'
import { fitParts, fitTo, joinCells, layOut } from './width.ts'

export interface ScreenProps {
  view: View
  ui: Ui
  size: { columns: number; rows: number }
  isUnicode: boolean
}

const LABEL = 9
/** Width of the mark before a row: `>` for the chosen one, `!` for a failure. */
const MARK = 2

/** How many rows of a table fit below title, figures, notices, tabs, column names and keys. */
export function pageOf(view: View, rows: number): number {
  return Math.max(1, rows - 4 - view.notices.length - view.rows.length)
}

/** The length of a curve. */
export function curveOf(columns: number): number {
  return Math.min(60, Math.max(10, columns - 64))
}

/** The whole screen, as high as the terminal. */
export function Screen({ view, ui, size, isUnicode }: ScreenProps): ReactElement {
  const { columns, rows } = size
  const page = pageOf(view, rows)
  const table = view.tables[ui.tab]
  const body =
    ui.mode.kind === 'table' || ui.mode.kind === 'filter'
      ? h(Rows, { table, ui, columns, page })
      : h(Dialog, { mode: ui.mode, columns, rows: page + 1 })
  return h(
    Box,
    { flexDirection: 'column', width: columns, height: rows, overflow: 'hidden' },
    h(Title, { view, ui, columns }),
    ...view.rows.map((row) => h(Figures, { key: row.label, row, columns, isUnicode })),
    ...view.notices.map((notice) =>
      h(Text, { key: notice, color: 'yellow', wrap: 'truncate' }, fitTo(`! ${notice}`, columns)),
    ),
    h(Tabs, { ui, columns, isUnicode }),
    h(Box, { flexDirection: 'column', height: page + 1, overflow: 'hidden' }, body),
    h(Footer, { ui, columns, count: matching(table?.rows ?? [], ui.filter).length }),
  )
}

function Title({ view, ui, columns }: { view: View; ui: Ui; columns: number }): ReactElement {
  const end = `${ui.isPaused ? 'PAUSED  ' : ''}${view.time}  ?=help`
  const start = fitParts([`authd top  ${view.title}`, ...view.state], columns - end.length - 2).join('  ')
  return h(Text, { bold: true, wrap: 'truncate' }, fitTo(start, columns - end.length) + end)
}

function Figures(props: { row: HeaderRow; columns: number; isUnicode: boolean }): ReactElement {
  const { row, columns, isUnicode } = props
  const curve = row.curve === undefined ? '' : `${sparkline(row.curve, { isUnicode })}  `
  const texts = fitParts(
    row.figures.map(({ text }) => text),
    columns - LABEL - 1 - curve.length,
  )
  const figures = row.figures.slice(0, texts.length).map(({ text, isBad }, index) => {
    const shown = index === 0 ? text : `  ${text}`
    return h(Text, { key: text, ...(isBad && { color: 'red', bold: true }) }, shown)
  })
  return h(
    Text,
    { wrap: 'truncate' },
    h(Text, { dimColor: true }, `${row.label.padEnd(LABEL)} `),
    h(Text, { color: 'cyan' }, curve),
    ...figures,
  )
}

function Tabs({ ui, columns, isUnicode }: { ui: Ui; columns: number; isUnicode: boolean }): ReactElement {
  const line = isUnicode ? '─' : '-'
  const names = TABS.map((tab, index) => {
    const title = tab === ui.tab ? TAB_TITLES[tab].toUpperCase() : TAB_TITLES[tab]
    return { tab, text: `[${index + 1}] ${title}` }
  })
  const used = names.reduce((sum, { text }) => sum + text.length + 3, 1)
  return h(
    Text,
    { wrap: 'truncate' },
    line,
    ...names.map(({ tab, text }) =>
      h(Text, { key: tab }, ' ', h(Text, { bold: tab === ui.tab, inverse: tab === ui.tab }, text), ` ${line}`),
    ),
    line.repeat(Math.max(0, columns - used)),
  )
}

function Rows(props: { table: Table | undefined; ui: Ui; columns: number; page: number }): ReactElement {
  const { table, ui, columns, page } = props
  if (table === undefined) return h(Text, null, '  Looking…')
  const rows = matching(table.rows, ui.filter)
  const widths = layOut(table.columns, columns - MARK)
  const names = table.columns.map(({ header }) => header)
  const at = indexOfSelected(rows, ui.selected)
  const first = Math.max(0, Math.min(at - Math.floor(page / 2), rows.length - page))
  const none = ui.filter === '' ? table.empty : `No row matches "${ui.filter}". Press Esc to show all.`
  return h(
    Box,
    { flexDirection: 'column' },
    h(Text, { dimColor: true, wrap: 'truncate' }, ' '.repeat(MARK) + joinCells(names, widths)),
    rows.length === 0 && h(Text, { wrap: 'truncate' }, fitTo(`  ${none}`, columns)),
    ...rows
      .slice(first, first + page)
      .map((row, index) => h(Line, { key: row.key, row, widths, isChosen: first + index === at })),
  )
}

function Line({ row, widths, isChosen }: { row: Row; widths: number[]; isChosen: boolean }): ReactElement {
  const text = `${isChosen ? '>' : ' '}${row.isBad ? '!' : ' '}${joinCells(row.cells, widths)}`
  return h(Text, { wrap: 'truncate', inverse: isChosen, ...(row.isBad && { color: 'red' }) }, text)
}

/** The keys of each mode. */
const KEYS = {
  details: 'up down  scroll    r b u  act    any other key  back',
  help: 'any key  back',
  confirm: 'y  do it    any other key  leave it as it is',
  working: 'at it…',
  outcome: 'any key  back',
} as const

function Footer({ ui, columns, count }: { ui: Ui; columns: number; count: number }): ReactElement {
  const { mode, filter, message } = ui
  const line = (text: string, isStrong = true) =>
    h(Text, { bold: isStrong, dimColor: !isStrong, wrap: 'truncate' }, fitTo(text, columns))
  if (mode.kind === 'filter') return line(`/${filter}_   ${count} rows   enter  keep   esc  drop`)
  if (mode.kind !== 'table') return line(message === '' ? KEYS[mode.kind] : message)
  if (message !== '') return line(message)
  const shown = filter === '' ? '/ filter' : `/${filter} (${count})`
  const keys = ['q quit', 'r revoke', 'b block', 'u unlock', shown, 'enter details', `t ${WINDOWS[ui.window]?.name}`]
  return line(fitParts([...keys, ui.isPaused ? 'p go on' : 'p pause', '? help'], columns).join('  '), false)
}
