import { Box, Text } from 'ink'
import { createElement as h, type ReactElement } from 'react'
import type { Ui } from './key-presses.ts'
import type { Outcome, Proposal, Row } from './screen-data.ts'
import { fitTo, wrap } from './width.ts'

type Shown = Exclude<Ui['mode'], { kind: 'table' } | { kind: 'filter' }>

const NAME = 14
const WIDEST = 100

const HELP = [
  '1 to 5, left, right     change the tab',
  'up down, j k, PgUp PgDn choose a row; the first row follows new rows',
  'enter                   details of the row',
  '/                       show only rows that contain a text; esc: show all',
  '',
  'r  end the session of the row          authd sessions revoke',
  'b  block its address for 24 hours      authd ipfilter add',
  'u  unlock a user                       authd users unlock',
  '   or remove a rule                    authd ipfilter remove',
  '   Each asks first and shows the same action as a command.',
  '',
  't  time range of charts, p50, p99 and 5xx: 1 minute, 5 minutes, 1 hour',
  '   The number beside a chart is its newest value.',
  'p  pause updates                       q  quit',
  '',
  'Requests, latency and memory are of the daemon on this machine.',
]

/** Replaces the table: details of a row, a question, its outcome, or help. */
export function Dialog({ mode, columns, rows }: { mode: Shown; columns: number; rows: number }): ReactElement {
  const width = Math.min(columns, WIDEST)
  const lines = linesOf(mode, width - 4)
  const room = Math.max(1, rows - 2)
  const top = mode.kind === 'details' ? Math.min(mode.top, Math.max(0, lines.length - room)) : 0
  const shown = lines.slice(top, top + room)
  return h(
    Box,
    { flexDirection: 'column', width, borderStyle: 'classic', paddingX: 1 },
    ...shown.map(({ text, isStrong, isBad }, index) => {
      const props = {
        key: index,
        wrap: 'truncate',
        ...(isStrong && { bold: true }),
        ...(isBad && { color: 'red' }),
      } as const
      return h(Text, props, text === '' ? ' ' : text)
    }),
  )
}

interface Line {
  text: string
  isStrong?: boolean
  isBad?: boolean
}

function linesOf(mode: Shown, width: number): Line[] {
  switch (mode.kind) {
    case 'help':
      return HELP.map((text) => ({ text: fitTo(text, width).trimEnd() }))
    case 'details':
      return detailLines(mode.row, width)
    case 'confirm':
      return [...proposalLines(mode.proposal, width), strong('y  do it      any other key  leave it as it is')]
    case 'working':
      return [...proposalLines(mode.proposal, width), strong('At it…')]
    case 'outcome':
      return [...proposalLines(mode.proposal, width), ...outcomeLines(mode.outcome, width)]
  }
}

function proposalLines({ question, about, command }: Proposal, width: number): Line[] {
  return [
    ...wrap(question, width).map(strong),
    ...about.flatMap((text) => wrap(text, width)).map((text) => ({ text })),
    { text: '' },
    { text: 'The same as a command:' },
    ...wrap(command, width - 2).map((text) => ({ text: `  ${text}` })),
    { text: '' },
  ]
}

function outcomeLines({ isDone, lines }: Outcome, width: number): Line[] {
  return lines.flatMap((text) => wrap(text, width)).map((text) => ({ text, isStrong: true, isBad: !isDone }))
}

function detailLines({ details, proposals }: Row, width: number): Line[] {
  const keys = Object.values(proposals).map(({ command }) => command)
  const room = Math.max(NAME, ...details.map(([name]) => name.length + 2))
  return [
    ...details.flatMap(([name, value]) =>
      wrap(value, width - room).map((text, index) => ({ text: (index === 0 ? name : '').padEnd(room) + text })),
    ),
    { text: '' },
    ...keys.flatMap((command) => wrap(command, width)).map((text) => ({ text })),
  ]
}

function strong(text: string): Line {
  return { text, isStrong: true }
}
