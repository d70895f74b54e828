import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'
import { answering, webhookReceiver } from '../support/webhook-receiver.ts'

test('an endpoint is added, tested, changed, paused, rotated and removed, and the audit log has all of it', async () => {
  const { run } = await shell()
  const receiver = await webhookReceiver()
  await run(['migrate'])

  const added = await run(['webhooks', 'add', receiver.url, '--allow-private', '--events', 'user.*', '--json'])
  const { id, secret } = JSON.parse(added.stdout) as { id: string; secret: string }
  const tried = await run(['webhooks', 'test', id, '--event', 'user.disabled'])
  receiver.answer = answering(404)
  const failed = await run(['webhooks', 'test', id])
  const paused = await run(['webhooks', 'update', id, '--events', 'session.*', '--pause', '--json'])
  const rotated = await run(['webhooks', 'rotate-secret', id, '--overlap', '1h'])
  const shown = await run(['webhooks', 'show', id, '--json'])
  const unsure = await run(['webhooks', 'remove', id])
  const removed = await run(['webhooks', 'remove', id, '--yes', '--json'])
  const audit = await run(['audit', 'list', '--event', 'webhook.*', '--jsonl'])

  expect(secret).toMatch(/^whsec_/)
  expect([tried.code, tried.stdout]).toEqual([0, expect.stringMatching(/^ok {4}answered 204 in \d+ ms\n$/)])
  expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining('FAIL  answered 404')])
  expect(JSON.parse(paused.stdout)).toMatchObject({ state: 'paused', events: ['session.*'], changed: true })
  expect(rotated.stdout.trim()).toMatch(/^whsec_(?!undefined)/)
  expect(rotated.stdout).not.toContain(secret)
  expect(JSON.parse(shown.stdout)).not.toHaveProperty('secret')
  expect([unsure.code, unsure.stderr]).toEqual([64, expect.stringContaining(`authd webhooks remove ${id} --yes`)])
  expect([removed.code, JSON.parse(removed.stdout)]).toMatchObject([0, { id, changed: true }])
  const types = audit.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event_type: string }).event_type)
  expect(types.toSorted()).toEqual(
    ['added', 'paused', 'removed', 'secret_rotated', 'updated'].map((what) => `webhook.${what}`),
  )
  expect(audit.stdout).not.toContain(secret.slice(6))
})

test.each([
  [['add', 'https://10.0.0.1/x'], 65, 'authd webhooks add https://10.0.0.1/x --allow-private'],
  [['add', 'https://app.example.com/x', '--events', 'usr.*'], 65, '"usr.*" is not an event'],
  [['add', 'https://app.example.com/x', '--secret-file', 'nothing'], 66, 'nothing'],
  [['update', 'whe_nobody', '--pause'], 67, 'authd webhooks list'],
  [['redeliver'], 64, '--failed'],
  [['rotate-secret', 'whe_nobody', '--overlap', '1y'], 64, '--overlap'],
])('authd webhooks %j is rejected with a suggestion', async (args, code, words) => {
  const { run } = await shell()
  await run(['migrate'])

  const ran = await run(['webhooks', ...args])

  expect([ran.code, ran.stdout]).toEqual([code, ''])
  expect(ran.stderr).toContain(words)
})

test.each([
  ['http://app.example.com/x', true],
  ['https://192.168.0.1/x', true],
  ['ftp://x', false],
  ['notaurl', false],
  ['https://ada:pw@app.example.com/x', false],
  ['http://10.0.0.1/#x', false],
])('--allow-private is suggested only where it helps: %s, %s', async (url, helps) => {
  const { run } = await shell()
  await run(['migrate'])
  const { id } = JSON.parse((await run(['webhooks', 'add', 'https://app.example.com/x', '--json'])).stdout)

  const rejected = [
    await run(['webhooks', 'add', url]),
    await run(['webhooks', 'update', id, '--url', url]),
    await run(['webhooks', 'update', 'whe_nobody', '--url', url]),
    await run(['webhooks', 'add', url, '--allow-private', '--events', 'nope']),
  ]

  expect(rejected.map(({ stderr }) => stderr.includes('--allow-private'))).toEqual([helps, helps, false, false])
})

test('a given secret is read from a file, and rejected if it is too short', async () => {
  const { run, folder } = await shell()
  await run(['migrate'])
  await writeFile(join(folder, 'long'), 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc\n')
  await writeFile(join(folder, 'short'), 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4H\n')

  const long = await run(['webhooks', 'add', 'https://app.example.com/x', '--secret-file', join(folder, 'long')])
  const short = await run(['webhooks', 'add', 'https://app.example.com/x', '--secret-file', join(folder, 'short')])

  expect(long.stdout).toBe(`whsec_${Buffer.from('k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc').toString('base64')}\n`)
  expect([short.code, short.stderr]).toEqual([65, expect.stringContaining('at least 24 bytes')])
})

test('mail is paused and resumed, and a waiting mail is cancelled once', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'invite', 'ada@example.com'])

  const paused = await run(['email', 'pause', '--json'])
  const again = await run(['email', 'pause'])
  const [queued] = JSON.parse((await run(['email', 'queue', '--json'])).stdout).data
  const retried = await run(['email', 'retry', queued.id, '--json'])
  const cancelled = await run(['email', 'cancel', queued.id, '--json'])
  const twice = await run(['email', 'cancel', queued.id])
  const over = await run(['email', 'retry', queued.id])
  const resumed = await run(['email', 'resume', '--json'])

  expect(JSON.parse(paused.stdout)).toEqual({ paused: true, waiting: 1, changed: true })
  expect(again.stdout).toBe('Mail is already held back. Waiting: 1.\n')
  expect(JSON.parse(retried.stdout)).toMatchObject({ state: 'pending', tries: 0, changed: true })
  expect(JSON.parse(cancelled.stdout)).toMatchObject({ state: 'cancelled', changed: true })
  expect(twice.stdout).toContain('is already cancelled')
  expect([over.code, over.stderr]).toEqual([65, expect.stringContaining('is cancelled, so it cannot be sent again')])
  expect(JSON.parse(resumed.stdout)).toMatchObject({ paused: false, waiting: 0 })
})
