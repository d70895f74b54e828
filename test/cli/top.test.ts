import { describe, expect, test, vi } from 'vitest'
import { runTop } from '../../src/cli/top/live-view.ts'
import { createLooker } from '../../src/cli/top/refresh.ts'
import type { View } from '../../src/cli/tui/screen-data.ts'
import { startTui } from '../../src/cli/tui/start.ts'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { announceNode } from '../../src/flows/upkeep/node.ts'
import { SECOND } from '../../src/platform/clock.ts'
import { shell } from '../support/cli.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'
import { fakeTerminal, type Terminal } from '../support/terminal.ts'

const ENTER_SCREEN = '\u001b[?1049h'
const LEAVE_SCREEN = '\u001b[?1049l'
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const NOWHERE = { ip: null, userAgent: null, requestId: null }

/** Runs `authd top` on this authd in a fake terminal. */
function openTop(authd: Authd, url = authd.address): Terminal & { ended: Promise<'quit' | 'interrupted'> } {
  const terminal = fakeTerminal({ columns: 120, rows: 30 })
  const asGrace = () => ({ ...NOWHERE, id: 'cli:grace@host', metadata: { command: 'top' } })
  const { stdin, stdout } = terminal
  const operator = { actor: asGrace, reason: undefined }
  const ended = runTop(authd.deps, createLooker(authd.deps, url), {
    title: 'auth.example.com',
    operator,
    stdin,
    stdout,
  })
  return { ...terminal, ended }
}

describe('a story', () => {
  test('sign-ins appear as they happen; r shows the command, y revokes the session, q restores the terminal', async () => {
    const authd = await startAuthd()
    const { accessToken } = await signInForTokens(authd)
    await sealAudit(authd.deps)
    const top = openTop(authd)
    await top.until(/user\.authenticated email_code +ada@example\.com/)

    const { sessionId } = await signInForTokens(authd, 'bob@example.com')
    await sealAudit(authd.deps)
    authd.clock.advance(3 * SECOND)
    await top.until(/user\.authenticated email_code +bob@example\.com/)
    top.type('2')
    await top.until(/\[2\] SESSIONS[\s\S]*> bob@example\.com/)
    top.type('r')
    await top.until(`authd sessions revoke ${sessionId}`)
    top.type('y')
    await top.until('Session ended.')
    top.type(' q')
    const end = await top.ended

    const revoked = (await authd.auditLog()).find(({ eventType }) => eventType === 'session.revoked')
    const ask = { headers: { Authorization: `Bearer ${accessToken}` } }
    expect(end).toBe('quit')
    expect(revoked).toMatchObject({ sessionId, actor: 'cli:grace@host' })
    expect((await authd.browser().get('/v1/session', ask)).status).toBe(200)
    expect(top.written().indexOf(ENTER_SCREEN)).toBeLessThan(top.written().lastIndexOf(LEAVE_SCREEN))
    expect(top.written().lastIndexOf(HIDE_CURSOR)).toBeLessThan(top.written().lastIndexOf(SHOW_CURSOR))
    expect(top.isRaw()).toBe(false)
  })

  test('b asks before it blocks, and is rejected for the machine itself', async () => {
    const authd = await startAuthd()
    await signInForTokens(authd)
    await sealAudit(authd.deps)
    const top = openTop(authd)
    await top.until('ada@example.com')

    top.type('b')
    await top.until('authd ipfilter add 127.0.0.1 --expires 24h')
    top.type('y')
    await top.until(/Not done: 127\.0\.0\.1\/32 contains this machine itself/)
    top.type('xq')

    expect(await top.ended).toBe('quit')
    expect((await authd.auditLog()).filter(({ eventType }) => eventType === 'ip_filter.added')).toEqual([])
  })

  test('Ctrl-C interrupts it and restores the terminal', async () => {
    const authd = await startAuthd()
    const top = openTop(authd)
    await top.until('LIVE EVENTS')

    top.type('\u0003')

    expect(await top.ended).toBe('interrupted')
    expect(top.written()).toContain(LEAVE_SCREEN)
    expect(top.isRaw()).toBe(false)
  })

  test('without a daemon it says so, and shows what is in the database', async () => {
    const authd = await startAuthd()
    await signInForTokens(authd)
    await sealAudit(authd.deps)
    const top = openTop(authd, 'http://127.0.0.1:1')

    await top.until(
      /No daemon answers at http:\/\/127\.0\.0\.1:1\. Showing data from the database only\.[\s\S]*ada@example\.com/,
    )
    top.type('q')

    expect(await top.ended).toBe('quit')
  })

  test('a lost database connection is reported until it is back', async () => {
    const authd = await startAuthd()
    const top = openTop(authd)
    await top.until('LIVE EVENTS')
    const read = vi.spyOn(authd.deps.db, 'read').mockRejectedValue(new Error('gone'))

    authd.clock.advance(60 * SECOND)
    await top.until('The database does not answer')
    read.mockRestore()
    authd.clock.advance(60 * SECOND)
    await top.until(/db [\d.]+ ms/)
    top.type('q')

    expect(await top.ended).toBe('quit')
  })

  test('an unexpected error ends it with the error, and restores the terminal', async () => {
    const authd = await startAuthd()
    const looker = createLooker(authd.deps, authd.address)
    const look = vi.spyOn(looker, 'look')
    const { stdin, stdout, until, written, isRaw } = fakeTerminal()
    const operator = { actor: () => ({ ...NOWHERE, id: 'cli:grace@host' }), reason: undefined }
    const ended = runTop(authd.deps, looker, { title: 'auth.example.com', operator, stdin, stdout })
    await until('LIVE EVENTS')

    look.mockRejectedValue(new Error('a bug'))

    await expect(ended).rejects.toThrow('a bug')
    expect(written()).toContain(LEAVE_SCREEN)
    expect(isRaw()).toBe(false)
  })

  test('an error while drawing ends it with the error, and restores the terminal', async () => {
    const { stdin, stdout, written, isRaw } = fakeTerminal()
    const broken = { rows: null } as object as View

    const tui = startTui(broken, {
      ...{ stdin, stdout, isUnicode: true, choose: () => {} },
      act: async () => ({ isDone: true, lines: [] }),
    })

    await expect(tui.ended).rejects.toThrow()
    expect(written()).toContain(LEAVE_SCREEN)
    expect(isRaw()).toBe(false)
  })
})

describe('looking', () => {
  test('an idle database is not queried before the next look, and each event is shown once', async () => {
    const authd = await startAuthd()
    const looker = createLooker(authd.deps, authd.address)
    await looker.look({ tabs: ['live'], what: 'all' })
    const reads = vi.spyOn(authd.deps.db, 'read')

    await looker.look({ tabs: ['live'], what: 'due' })
    const atOnce = reads.mock.calls.length
    await signInForTokens(authd)
    await sealAudit(authd.deps)
    const looks = Array.from({ length: 4 }, () => looker.look({ tabs: ['live'], what: 'database' }))
    const seen = (await Promise.all(looks)).at(-1)

    const ids = seen?.events.map(({ id }) => id) ?? []
    expect(atOnce).toBe(0)
    expect(ids).toContain((await authd.auditLog()).at(-1)?.id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('requests are counted, except those of authd top itself', async () => {
    const authd = await startAuthd()
    const looker = createLooker(authd.deps, authd.address)
    const before = await looker.look({ tabs: [], what: 'all' })
    await fetch(`${authd.address}/v1/session`)
    await fetch(`${authd.address}/health`)

    const after = await looker.look({ tabs: [], what: 'all' })

    expect((after.scrape?.counters['requests'] ?? 0) - (before.scrape?.counters['requests'] ?? 0)).toBe(1)
  })

  test('on PostgreSQL every running node is shown', async () => {
    const authd = await startAuthd({ database: 'postgres' })
    const node = { host: 'one', version: '1.2.3', address: 'http://127.0.0.1:3000', startedAt: 1 }
    await announceNode(authd.deps, { ...node, id: 'node_1', pid: 11 })
    await announceNode(authd.deps, { ...node, id: 'node_2', pid: 12 })

    const { nodes } = await createLooker(authd.deps, authd.address).look({ tabs: ['nodes'], what: 'all' })

    expect(nodes.map(({ pid }) => pid)).toEqual([11, 12])
  })
})

describe('in a pipe', () => {
  test('it prints one look and exits with 0, with and without a daemon', async () => {
    const place = await shell()
    const daemon = await place.serve(['--dev'])
    await fetch(`${daemon.url}/v1/session`)

    const up = await place.run(['top', '--url', daemon.url])
    const upJson = await place.run(['top', '--url', daemon.url, '--json'])
    daemon.kill('SIGTERM')
    await daemon.exit
    const down = await place.run(['top', '--url', daemon.url, '--plain'])
    const downJson = await place.run(['top', '--url', daemon.url, '--json'])

    expect([up.code, upJson.code, down.code, downJson.code]).toEqual([0, 0, 0, 0])
    expect(up.stdout).toMatch(/^daemon {4}running 0\.1\.0 for \d+s, 1 node at http[\s\S]*^requests {2}[\d.]+\/s/m)
    expect(up.stdout).not.toContain('\u001b')
    expect(JSON.parse(upJson.stdout)).toMatchObject({ running: true, nodes: 1, requests_per_second: 0, errors_5xx: 0 })
    expect(down.stdout).toMatch(/^No daemon answers at .*\. Showing data from the database only\.\ndaemon {4}down/)
    expect(JSON.parse(downJson.stdout)).toMatchObject({ running: false, nodes: 0, requests_per_second: null })
    expect(Object.keys(JSON.parse(downJson.stdout))).toEqual(Object.keys(JSON.parse(upJson.stdout)))
  })
})
