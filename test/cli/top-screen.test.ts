import { stripVTControlCharacters } from 'node:util'
import { renderToString } from 'ink'
import { createElement } from 'react'
import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { START, type Ui } from '../../src/cli/tui/key-presses.ts'
import { Screen } from '../../src/cli/tui/screen.ts'
import type { Row, Tab, View } from '../../src/cli/tui/screen-data.ts'

const HOSTILE = '\u001b[2J\u001b]0;pwned\u0007日本語\u202e@example.com'

const ACTING = ['\u001b[2J', '\u001b]0', '\u0007', '\u202e']

function row(index: number, more: Partial<Row> = {}): Row {
  const cells = ['11:42:31', 'user.authenticated email_code', `user${index}@example.com`]
  return { key: `evt_${index}`, cells, isBad: false, details: [], proposals: {}, ...more }
}

const COLUMNS = [
  { header: 'TIME', least: 8, share: 0 },
  { header: 'EVENT', least: 26, share: 1 },
  { header: 'WHO', least: 20, share: 1 },
]

function viewWith(rows: Row[], more: Partial<View> = {}): View {
  return {
    title: 'auth.example.com',
    state: ['up 12d 4h', '1.4.0', '2 nodes'],
    time: '11:42:31 UTC',
    notices: [],
    rows: [
      { label: 'requests', curve: [null, 0, 20, 38], figures: [{ text: '38/s' }, { text: '5xx 3', isBad: true }] },
      { label: 'sessions', figures: [{ text: '1204' }] },
    ],
    tables: { live: { columns: COLUMNS, rows, empty: 'No events yet.' } },
    ...more,
  }
}

/** The text on the screen, without colours. */
function linesOf(view: View, { ui = START, columns = 80, rows = 24, isUnicode = true } = {}): string[] {
  const drawn = renderToString(createElement(Screen, { view, ui, size: { columns, rows }, isUnicode }), { columns })
  return stripVTControlCharacters(drawn).split('\n')
}

const MANY = Array.from({ length: 300 }, (_, index) => row(index))

describe('the screen', () => {
  test.each([
    [80, 24],
    [200, 50],
    [40, 10],
  ])('is filled at %i × %i without a wider line', (columns, rows) => {
    const lines = linesOf(viewWith(MANY), { columns, rows })

    expect(lines).toHaveLength(rows)
    expect(lines.filter((line) => stringWidth(line) > columns)).toEqual([])
    expect(lines.at(-1)).toMatch(/^q quit/)
  })

  test('shows the daemon, its state, the time, and the figures with their curve', () => {
    const [title, requests, sessions] = linesOf(viewWith(MANY))

    expect(title).toMatch(/^authd top {2}auth.example.com {2}up 12d 4h {2}1.4.0 {2}2 nodes +11:42:31 UTC {2}\?=help$/)
    expect(requests).toMatch(/^requests {3}▁▅█ {2}38\/s {2}5xx 3/)
    expect(sessions).toMatch(/^sessions {2}1204/)
  })

  test('is drawn in ASCII in a terminal without Unicode', () => {
    const text = linesOf(viewWith(MANY), { isUnicode: false }).join('\n')

    expect(text).toMatch(/requests {3}_\+@/)
    expect(text).not.toMatch(/[▁-█─]/)
  })

  test('marks the open tab, the selected row and failures without colours', () => {
    const lines = linesOf(viewWith([row(1), row(2, { isBad: true }), row(3)]), { ui: { ...START, selected: 'evt_2' } })

    expect(lines.find((line) => line.includes('[1]'))).toMatch(/\[1\] LIVE EVENTS ─ \[2\] sessions ─/)
    expect(lines.filter((line) => line.includes('@example.com')).map((line) => line.slice(0, 2))).toEqual([
      '  ',
      '>!',
      '  ',
    ])
  })

  test('SECURITY: a hostile name can neither clear the screen nor reverse or shift a line', () => {
    const cells = ['11:42:31', HOSTILE, HOSTILE]
    const view = viewWith([row(1, { cells, details: [['user_agent', HOSTILE]], proposals: {} }), row(2)])
    const props = { view, ui: START, size: { columns: 80, rows: 24 }, isUnicode: true }

    const drawn = renderToString(createElement(Screen, props), { columns: 80 })
    const details = linesOf(view, {
      ui: { ...START, mode: { kind: 'details', row: row(1, { details: [['x', HOSTILE]] }), top: 0 } },
    })

    const seen = drawn + details.join('')
    expect(ACTING.filter((letters) => seen.includes(letters))).toEqual([])
    expect(linesOf(view).filter((line) => stringWidth(line) > 80)).toEqual([])
  })

  test('scrolls to the selected row', () => {
    const lines = linesOf(viewWith(MANY), { ui: { ...START, selected: 'evt_250' } })

    expect(lines.find((line) => line.startsWith('>'))).toContain('user250@')
  })

  test('shows warnings above the tabs, and says when a table is empty', () => {
    const notices = ['No daemon at http://127.0.0.1:3000. Showing data from the database only.']

    const text = linesOf(viewWith([], { notices })).join('\n')

    expect(text).toMatch(/! No daemon at http:\/\/127.0.0.1:3000[\s\S]*\[1\][\s\S]*No events yet\./)
    expect(text.split('\n')).toHaveLength(24)
  })

  test('says that a tab is still loading', () => {
    const ui: Ui = { ...START, tab: 'mail' satisfies Tab }

    expect(linesOf(viewWith(MANY), { ui }).join('\n')).toContain('Looking…')
  })
})

describe('a question', () => {
  const proposal = {
    question: 'End the session of ada@example.com?',
    about: ['It is refused from the next request on.'],
    command: 'authd sessions revoke ses_01m88jw08vedqtrgrr9eqkmg57',
    action: { kind: 'revoke', target: 'ses_01m88jw08vedqtrgrr9eqkmg57' },
  } as const

  test.each([80, 50])('shows the equivalent command and the keys, at %i columns', (columns) => {
    const ui: Ui = { ...START, mode: { kind: 'confirm', proposal: { ...proposal, about: [...proposal.about] } } }

    const text = linesOf(viewWith(MANY), { ui, columns }).join('\n')

    expect(text).toContain('authd sessions revoke')
    expect(text).toContain('ses_01m88jw08vedqtrgrr9eqkmg57')
    expect(text).toContain('y  do it')
    expect(text).not.toContain('user1@')
  })

  test('shows its result, and the rest of the screen stays', () => {
    const outcome = { isDone: false, lines: ['Not done: No session "ses_1".'] }
    const ui: Ui = { ...START, mode: { kind: 'outcome', proposal: { ...proposal, about: [] }, outcome } }

    const text = linesOf(viewWith(MANY), { ui }).join('\n')

    expect(text).toContain('Not done: No session "ses_1".')
    expect(text).toMatch(/requests .* 38\/s/)
  })
})

test('the help fits into 80 × 24', () => {
  const text = linesOf(viewWith(MANY), { ui: { ...START, mode: { kind: 'help' } } }).join('\n')

  expect(text).toContain('of the daemon on this machine.')
  expect(text).not.toContain('…')
})

test('a filter without matches says how to clear it', () => {
  const ui: Ui = { ...START, filter: 'nobody' }

  expect(linesOf(viewWith(MANY), { ui }).join('\n')).toContain('No row matches "nobody". Press Esc to show all.')
})
