import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, expect, test } from 'vitest'
import { type Furnished, furnished, LINES } from '../support/every-command.ts'

let place: Furnished
beforeAll(async () => {
  place = await furnished()
})

test('in 80 columns no id, time or state is cut: other columns are left out, and the hint names them', async () => {
  const lists = Object.keys(LINES).filter((id) => /list$|queue$|deliveries$|^ratelimit show|^migrate status/.test(id))

  const shown = await Promise.all(lists.map(async (id) => ({ id, ...(await place.run(id, [], { isTerminal: true })) })))

  const wide = shown.filter(({ stdout }) => stdout.split('\n').some((line) => line.length > 80))
  const cut = shown.flatMap(({ stdout }) => stdout.match(/(\w{3}_|\d+ |[a-z]+\.)\w*…/g) ?? [])
  expect({ wide: wide.map(({ id }) => id), cut }).toEqual({ wide: [], cut: [] })
  expect(shown.find(({ id }) => id === 'audit list')?.stderr).toContain('Left out to fit: ')
})

test('a column that --fields names is never left out', async () => {
  const fields = ['--fields', 'id,time,event_type,actor,ip,outcome']

  const { stdout, stderr } = await place.run('audit list', fields, { isTerminal: true })

  expect(stdout.split('\n')[0]?.split(/ +/)).toEqual(['ID', 'TIME', 'EVENT_TYPE', 'ACTOR', 'IP', 'OUTCOME'])
  expect(stderr).toBe('')
})

test('the time of an event has its zone, and its date if that is not today', async () => {
  const { folder, run } = await place.copy()
  const db = new DatabaseSync(join(folder, 'authd-data/authd.db'))
  db.prepare('UPDATE audit_logs SET occurred_at = ? WHERE seq = 1').run(Date.UTC(2026, 10, 2, 8, 30, 15))
  db.close()

  const { stdout } = await run(['audit', 'tail'], { isTerminal: true })

  const [old, ...today] = stdout.trim().split('\n')
  expect(old).toMatch(/^2026-11-02 08:30:15Z {2}signing_key\.created/)
  expect(today.filter((line) => !/^\d\d:\d\d:\d\d\.\d{3}Z {2}/.test(line))).toEqual([])
})

test('audit show has the other events of the same request', async () => {
  const { folder, run } = await place.copy()
  const db = new DatabaseSync(join(folder, 'authd-data/authd.db'))
  db.exec("UPDATE audit_logs SET request_id = 'req_1'")
  const { id } = db.prepare('SELECT id FROM audit_logs WHERE seq = 1').get() as { id: string }
  db.close()

  const { stdout } = await run(['audit', 'show', id])

  expect(stdout).toMatch(/In the same request:\n\S+ +user\.registered/)
})
