import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { listQueue, retryQueued } from '../../src/flows/outbox/queue-admin.ts'
import { addWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { canRun, EXAMPLES, startExample } from '../support/example.ts'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { signInForTokens, signInOnPage } from '../support/people.ts'
import { until } from '../support/until.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Without Python, the test is not there. */
const testWithPython = canRun('python3', '--version') ? test : () => undefined

test('an app on a sibling host knows who is signed in by the second cookie, until they sign out', async () => {
  const config = { public_url: 'https://auth.example.com', session: { cookie_domain: 'example.com' } }
  const authd = await startAuthd({ config })
  const browser = authd.browser()
  const done = await signInOnPage(authd, browser)
  const app = await startExample([process.execPath, 'sibling/app.js'], {
    env: { AUTHD_URL: authd.address, APP_URL: 'https://shop.example.com' },
  })
  const cookie = `theme=dark; __Secure-authd-check=${browser.cookies.get('__Secure-authd-check')}`
  const visit = async () => await fetch(app, { headers: { Cookie: cookie }, redirect: 'manual' })

  const signedIn = await visit()
  const refused = await authd.browser().post('/v1/token', { headers: { Cookie: cookie } })
  await browser.post('/v1/logout')
  const signedOut = await visit()
  await authd.stop()
  const whileAway = await visit()

  expect(whileAway.status).toBe(503)
  expect(done.headers.getSetCookie().find((line) => line.startsWith('__Secure-authd-check='))).toMatch(
    /; HttpOnly; SameSite=Lax; Secure; Domain=example\.com$/,
  )
  expect(await signedIn.json()).toEqual({ hello: 'ada@example.com' })
  expect(refused.status).toBe(401)
  expect(signedOut.headers.get('Location')).toMatch(/\/signin\?redirect_to=https%3A%2F%2Fshop\.example\.com%2F$/)
  expect(browser.cookies.has('__Secure-authd-check')).toBe(false)
})

test('the app on a sibling host works on localhost, where all ports share the cookie', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const env = { AUTHD_URL: authd.url, APP_URL: 'http://localhost:5173' }
  const app = await startExample([process.execPath, 'sibling/app.js'], { env })

  const answer = await fetch(app, { headers: { Cookie: `authd=${browser.cookies.get('authd')}` } })

  expect(await answer.json()).toEqual({ hello: 'ada@example.com' })
})

test('the app on a sibling host sends a signed-out user to the sign-in page from whatever address they open', async () => {
  const APP_URL = 'https://shop.example.com'
  const authd = await startAuthd({ config: { signin: { redirect_urls: [`${APP_URL}/*`] } } })
  const env = { AUTHD_URL: authd.address, APP_URL }
  const app = new URL(await startExample([process.execPath, 'sibling/app.js'], { env })).origin
  const open = async (path: string) => {
    const { headers } = await exchange(app + path, { method: 'GET' })
    const to = headers.get('Location') ?? ''
    const { status } = await authd.browser().get(to.slice(authd.address.length))
    return [path, status, new URL(to).searchParams.get('redirect_to')]
  }
  const kept = ['/', '/orders/17', '/orders/17/?tab=a/b&c=%2f', '/v1.2/a:b,c@d', '/files/a~b?q=%00', '/x?q="']
  const lost = ['/orders%2f17', '/a%5Cb', '//evil.example/x', '/a//b', '/a/...', '/..;/x', '/%252e', '/100%', '/%ff']
  const odd = ['/%ef%bc%8f', '/;x', '/a%00', '/a%e2%80%ae', `/${'x'.repeat(3000)}`, '/%u002e', '/a%20b']

  const answers = []
  for (const path of [...kept, ...lost, ...odd]) answers.push(await open(path))

  expect(answers).toEqual([
    ...kept.map((path) => [path, 200, new URL(APP_URL + path).href]),
    ...[...lost, ...odd].map((path) => [path, 200, `${APP_URL}/`]),
  ])
})

async function receivesEvents(command: string, file: string) {
  const authd = await startAuthd({ now: Date.now() })
  const secret = `whsec_${Buffer.from('a secret of 32 bytes for events!').toString('base64')}`
  const lines: string[] = []
  const url = await startExample([command, file], {
    env: { WEBHOOK_SECRET: secret },
    onLine: (line) => lines.push(line),
  })
  const input = { url, description: '', events: ['user.registered', 'session.created'], allowsPrivate: true, secret }
  await addWebhook(authd.deps, SYSTEM, input)
  authd.clock.advance(1)
  const { userId } = await signInForTokens(authd)

  await authd.sendWebhooks()
  const { rows } = await listQueue(authd.deps, { kind: 'webhook' }, { limit: 10, within: 100 })
  await retryQueued(authd.deps, SYSTEM, { kind: 'webhook', ids: rows.map(({ id }) => id) })
  await authd.sendWebhooks()
  const forged = await fetch(url, { method: 'POST', headers: { 'webhook-id': 'whd_1' }, body: '{"type":"x"}' })

  await until(() => expect(lines.length).toBe(2))
  expect(lines).toEqual([`user.registered ${userId}`, `session.created ${userId}`])
  expect(forged.status).toBe(401)
  const sent = await listQueue(authd.deps, { kind: 'webhook', state: 'sent' }, { limit: 10, within: 100 })
  expect(sent.total.count).toBe(2)
}

test('the Node receiver handles each event once and rejects what authd did not sign', async () => {
  await receivesEvents(process.execPath, 'webhook-node/app.js')
})

testWithPython('the Python receiver handles each event once and rejects what authd did not sign', async () => {
  await receivesEvents('python3', 'webhook-python/app.py')
})

test('the program in the README checks a token of the daemon that it names, and rejects another', async () => {
  const authd = await startAuthd({ now: Date.now() })
  const { accessToken, userId, sessionId } = await signInForTokens(authd)
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const [, shown = ''] = /```js\n([\s\S]*?)```/.exec(readme) ?? []
  const program = shown.replace('http://localhost:3000', authd.url)
  const run = (token: string) => runProgram(process.execPath, ['--input-type=module', '-', token], program)

  const good = await run(accessToken)
  const bad = await run(accessToken.slice(0, -9))

  expect([good.code, good.stdout]).toEqual([0, `user ${userId}, session ${sessionId}\n`])
  expect([bad.code, bad.stdout]).toEqual([1, ''])
})

/** Runs a program with a text as its input. Libraries are those of this project. */
async function runProgram(command: string, args: string[], input: string) {
  const child = spawn(command, args, { cwd: ROOT, stdio: 'pipe' })
  child.stdin.end(input)
  const [stdout, , [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number | null, stdout }
}

test('no example has more than 60 lines that are not blank, and the guide names each of them', async () => {
  const guide = await readFile(join(ROOT, 'docs/integrating.md'), 'utf8')
  const sources = globSync('**/*.{js,py,go,rs,java,php,cs}', { cwd: EXAMPLES })
  const texts = await Promise.all(sources.map((file) => readFile(join(EXAMPLES, file), 'utf8')))

  expect(sources.filter((_, index) => (texts[index]?.match(/\S.*/g) ?? []).length > 60)).toEqual([])
  expect(sources.filter((file) => !guide.includes(`examples/${file}`))).toEqual([])
})
