import { describe, expect, test } from 'vitest'
import { matching, type Press, press, START, type Ui } from '../../src/cli/tui/key-presses.ts'
import type { Proposal, Row } from '../../src/cli/tui/screen-data.ts'

const revoke: Proposal = {
  question: 'End the session?',
  about: [],
  command: 'authd sessions revoke ses_1',
  action: { kind: 'revoke', target: 'ses_1' },
}

function row(key: string, proposals: Row['proposals'] = {}): Row {
  return { key, cells: [key], isBad: false, details: [['user_agent', `Agent ${key}`]], proposals }
}

const ROWS = [row('one', { r: revoke }), row('two'), row('three')]

/** Keys to press in turn: letters, or names in angle brackets. */
function type(keys: string, { from = START, rows = ROWS }: { from?: Ui; rows?: Row[] } = {}) {
  const presses = [...keys.matchAll(/<(\w+)>|(.)/g)].map(
    ([, name, text = '']): Press => ({ text, name: name as Press['name'] }),
  )
  const effects: unknown[] = []
  const ui = presses.reduce((before, key) => {
    const { ui: after, effect } = press(before, key, { rows, page: 2 })
    if (effect) effects.push(effect)
    return after
  }, from)
  return { ui, effects }
}

describe('an action key', () => {
  test('asks first, and only y confirms', () => {
    const { effects } = type('ry')

    expect(effects).toEqual([{ kind: 'act', proposal: revoke, action: revoke.action }])
  })

  test.each(['rn', 'r<enter>', 'r<escape>', 'rY', 'rr', 'rq', 'r1'])('does nothing after %s', (keys) => {
    const { ui, effects } = type(keys)

    expect(effects).toEqual([])
    expect(ui).toMatchObject({ mode: { kind: 'table' }, message: 'Nothing was changed.' })
  })

  test('acts once, however often y is pressed', () => {
    const { ui, effects } = type('ryyyryq')

    expect(effects).toHaveLength(1)
    expect(ui.mode).toEqual({ kind: 'working', proposal: revoke })
  })

  test('asks about the selected row, not about a newer one', () => {
    const asked = type('r')

    const { effects } = type('y', { from: asked.ui, rows: [row('newer'), ...ROWS] })

    expect(effects).toMatchObject([{ action: { target: 'ses_1' } }])
  })

  test.each(['b', 'u', '<down>r'])('explains why it does nothing: %s', (keys) => {
    const { ui, effects } = type(keys)

    expect(effects).toEqual([])
    expect(ui.mode.kind).toBe('table')
    expect(ui.message).toMatch(/This row has/)
  })

  test('does nothing in an empty table', () => {
    expect(type('rbu<enter>', { rows: [] })).toMatchObject({ effects: [], ui: { mode: { kind: 'table' } } })
  })
})

describe('moving', () => {
  test('a selected row stays selected while new rows appear above it', () => {
    const { ui } = type('<down>')

    expect(ui.selected).toBe('two')
    expect(type('<down>', { from: ui, rows: [row('newer'), ...ROWS] }).ui.selected).toBe('three')
  })

  test('the first row is not held: the selection follows the newest', () => {
    expect(type('<down><up>').ui.selected).toBeNull()
    expect(type('<end><home>').ui.selected).toBeNull()
  })

  test('stops at both ends', () => {
    expect(type('<pageDown><pageDown><down>').ui.selected).toBe('three')
    expect(type('<up><pageUp>').ui.selected).toBeNull()
  })

  test('tabs switch by number and by arrow in a circle, and start at the top without a filter', () => {
    expect(type('3').ui.tab).toBe('blocked')
    expect(type('<left>').ui.tab).toBe('nodes')
    expect(type('<left><right><right>').ui.tab).toBe('sessions')
    expect(type('/two<enter><down>2').ui).toMatchObject({ tab: 'sessions', filter: '', selected: null })
  })
})

describe('the filter', () => {
  test('takes letters that are action keys elsewhere, and none of them acts', () => {
    const { ui, effects } = type('/rbuq?y')

    expect(ui.filter).toBe('rbuq?y')
    expect(effects).toEqual([])
  })

  test('is kept by Enter, cleared by Escape, shortened by Backspace', () => {
    expect(type('/twox<backspace><enter>').ui).toMatchObject({ filter: 'two', mode: { kind: 'table' } })
    expect(type('/two<escape>').ui).toMatchObject({ filter: '', mode: { kind: 'table' } })
    expect(type('/two<enter><escape>').ui.filter).toBe('')
  })

  test('also searches the details, ignoring case', () => {
    expect(matching(ROWS, 'AGENT T').map(({ key }) => key)).toEqual(['two', 'three'])
    expect(matching(ROWS, ' ')).toHaveLength(3)
  })
})

test('p, t and ? switch pause, times and help, and q quits', () => {
  expect(type('p').ui.isPaused).toBe(true)
  expect(type('pp').ui.isPaused).toBe(false)
  expect([type('t').ui.window, type('ttt').ui.window]).toEqual([1, 0])
  expect(type('?').ui.mode.kind).toBe('help')
  expect(type('?q')).toMatchObject({ effects: [], ui: { mode: { kind: 'table' } } })
  expect(type('q').effects).toEqual([{ kind: 'quit' }])
})

test('Ctrl-C interrupts, also during a question or an action', () => {
  const asked = type('ry')

  const { effect } = press(asked.ui, { text: 'c', isControl: true }, { rows: ROWS, page: 2 })

  expect(effect).toEqual({ kind: 'interrupt' })
})

test('details scroll, accept action keys for their row, and close', () => {
  expect(type('<enter><down><down><up>').ui.mode).toMatchObject({ kind: 'details', top: 1 })
  expect(type('<enter>r').ui.mode).toEqual({ kind: 'confirm', proposal: revoke })
  expect(type('<enter><escape>').ui.mode.kind).toBe('table')
})
