import { expect, test } from 'vitest'
import { eventLine } from '../../src/cli/audit/event-line.ts'
import type { EventResource } from '../../src/resources/audit-event.ts'

const EVENT: EventResource = {
  ...{ id: 'evt_1', seq: 1, time: '2026-11-25T12:00:00.000Z', event_type: 'session.revoked', outcome: 'success' },
  ...{ user_id: null, email: null, ip: null, user_agent: null, session_id: null, request_id: null },
  ...{ actor: 'cli:op@box', metadata: {} },
}

test.each([
  [{ user_id: 'usr_1', email: 'bob@example.com' }, 'bob@example.com', 'by cli:op@box'],
  [{ user_id: 'usr_1' }, 'usr_1', 'by cli:op@box'],
  [{ user_id: 'usr_1', email: 'bob@example.com', actor: 'user:usr_1' }, 'bob@example.com', undefined],
  [{}, 'cli:op@box', undefined],
])('a line of the audit log names whom it is about and who did it: %j', (fields, whom, by) => {
  const line = eventLine({ ...EVENT, ...fields }, (time) => time)
  const text = typeof line === 'string' ? line : line.text

  expect(text).toContain(whom)
  expect(/ (by \S+)$/.exec(text)?.[1]).toBe(by)
})
