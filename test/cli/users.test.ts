import { expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'
import { Browser } from '../support/http-client.ts'
import { PasskeyDevice } from '../support/passkey-device.ts'

async function json(place: Shell, ...args: string[]) {
  const { code, stdout, stderr } = await place.run([...args, '--json'])
  if (code !== 0) throw new Error(`authd ${args.join(' ')}: ${code}\n${stderr}`)
  return JSON.parse(stdout)
}

async function events(place: Shell, type: string) {
  const { stdout } = await place.run(['audit', 'tail', '-n', '100', '--jsonl'])
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return all.filter(({ event_type }) => event_type === type)
}

async function withUsers(...emails: string[]): Promise<Shell> {
  const place = await shell()
  await place.run(['migrate'])
  if (emails.length > 0) await place.run(['users', 'add', ...emails])
  return place
}

test('an invitation is mailed, or its link is printed on stdout only', async () => {
  const place = await withUsers()
  const mailed = await json(place, 'users', 'invite', 'bob@example.com', '--reason', 'new colleague')
  const { code, stdout } = await place.run(['users', 'invite', 'eve@example.com', '--no-send'])
  const token = new URL(stdout.trim()).searchParams.get('token') ?? ''

  expect(mailed).toMatchObject({ user: { email: 'bob@example.com', status: 'invited' }, invite: {}, changed: true })
  expect({ code, token }).toEqual({ code: 0, token: expect.stringMatching(/^inv_[0-9a-z]{26}\..{43}$/) })
  const told = await events(place, 'user.invited')
  expect(told.map(({ email, metadata }) => [email, metadata.reason])).toEqual([
    ['bob@example.com', 'new colleague'],
    ['eve@example.com', undefined],
  ])
  expect(JSON.stringify(told)).not.toContain(token.split('.')[1])
  expect((await json(place, 'email', 'queue')).data).toMatchObject([{ template: 'invitation', state: 'pending' }])
})

test('a recovery link requires a reason and a confirmation, and is printed on stdout only', async () => {
  const place = await withUsers('ada@example.com')
  const recover = ['users', 'recover', 'ada@example.com', '--remove', 'totp']
  const bare = await place.run(recover)
  const unsure = await place.run([...recover, '--reason', 'lost phone'])
  const { code, stdout, stderr } = await place.run([...recover, '--reason', 'lost phone', '--yes'])
  const token = new URL(/https?:\S+/.exec(stdout)?.[0] ?? '').searchParams.get('token') ?? ''

  expect([bare.code, bare.stderr]).toEqual([
    64,
    "authd: --reason is required.\nTry: authd users recover ada@example.com --remove totp --reason='…'\n",
  ])
  expect([unsure.code, unsure.stdout]).toEqual([64, ''])
  expect(unsure.stderr).toContain("authd users recover ada@example.com --remove totp --reason 'lost phone' --yes")
  expect([code, token.length > 40]).toEqual([0, true])
  expect(stderr).toContain('ada@example.com has no totp to remove.')
  const [made] = await events(place, 'user.recovery_link_made')
  expect(made).toMatchObject({ email: 'ada@example.com', metadata: { reason: 'lost phone' } })
  expect(JSON.stringify(made)).not.toContain(token.split('.')[1])
  expect((await place.run(['users', 'recover', 'nobody@example.com', '--reason', 'x', '--yes'])).code).toBe(67)
})

test("an operator's change of a user is shown, audited, and mailed to the former address", async () => {
  const place = await withUsers('grace@example.com')
  await place.run(['users', 'add', 'ada@example.com', '--verified'])
  const dry = await json(place, 'users', 'update', 'ada@example.com', '--name', 'Ada', '--dry-run')
  const done = await json(place, 'users', 'update', 'ada@example.com', '--name', 'Ada', '--mfa-policy', 'required')
  const again = await json(place, 'users', 'update', 'ada@example.com', '--name', 'Ada')
  const taken = await place.run(['users', 'update', 'ada@example.com', '--email', 'grace@example.com', '--yes'])
  const moved = await json(place, 'users', 'update', 'ada@example.com', '--email', 'ada@example.net', '--yes')

  expect([dry.dry_run, dry.changed]).toEqual([true, true])
  expect(done).toMatchObject({ name: 'Ada', mfa_policy: 'required', changed: true })
  expect(again.changed).toBe(false)
  expect(taken.code).toBe(65)
  expect(moved.email).toBe('ada@example.net')
  expect(await events(place, 'user.updated')).toHaveLength(1)
  expect(await events(place, 'user.email_changed')).toHaveLength(1)
  const queue = (await json(place, 'email', 'queue')).data
  expect(queue).toMatchObject([{ template: 'email_changed_by_operator', to: 'a…@example.com' }])
})

test('passkeys are listed, renamed and removed; authenticator app and recovery codes are reset; a user is exported', async () => {
  const place = await withUsers()
  const daemon = await place.serve(['--dev'])
  const browser = new Browser(daemon.url.replace('127.0.0.1', 'localhost'), daemon.url)
  await browser.post('/v1/signin', { json: { email: 'ada@example.com', deliver: 'cookie' } })
  const [, code = ''] = await daemon.until(/\b(\d{6})\b/)
  expect((await browser.post('/v1/signin/code', { json: { code } })).status).toBe(200)
  const device = new PasskeyDevice({ rpId: 'localhost', origin: browser.url })
  const asked = (await browser.post('/v1/me/passkeys/options')).body
  const credential = device.register(asked.options)
  await browser.post('/v1/me/passkeys', { json: { challenge_id: asked.challenge_id, credential } })
  expect((await browser.post('/v1/me/recovery-codes')).status).toBe(200)

  const [passkey] = (await json(place, 'passkeys', 'list', 'ada@example.com')).data
  const renamed = await json(place, 'passkeys', 'rename', 'ada@example.com', passkey.id, 'Work laptop')
  const exported = JSON.parse((await place.run(['users', 'export', 'ada@example.com'])).stdout)
  const unsure = await place.run(['passkeys', 'remove', 'ada@example.com', 'Work laptop'])
  const codes = await json(place, 'recovery-codes', 'reset', 'ada@example.com', '--yes')
  const removed = await json(place, 'passkeys', 'remove', 'ada@example.com', 'Work laptop', '--yes', '--reason', 'lost')
  const nothing = await json(place, 'totp', 'reset', 'ada@example.com', '--yes')

  expect(renamed).toMatchObject({ name: 'Work laptop', changed: true })
  expect(exported).toMatchObject({
    user: { email: 'ada@example.com' },
    sign_in_methods: { passkeys: [{ name: 'Work laptop' }], recovery_codes_left: 10 },
  })
  expect(unsure.code).toBe(64)
  expect([codes.changed, removed.changed, nothing.changed]).toEqual([true, true, false])
  expect(await events(place, 'webauthn.removed')).toMatchObject([{ metadata: { name: 'Work laptop', reason: 'lost' } }])
  expect(await events(place, 'user.exported')).toHaveLength(1)
  expect((await json(place, 'passkeys', 'list', 'ada@example.com')).total).toBe(0)
  await daemon.until(/passkey .*removed|removed .*passkey/i)
})

test('a new address is verified only with --verified, and the hint says so', async () => {
  const place = await withUsers()
  await place.run(['users', 'add', 'ada@example.com', 'bob@example.com', '--verified'])
  const plain = await place.run(['users', 'update', 'ada@example.com', '--email', 'ada@example.org', '--json'])
  const vouched = await place.run(['users', 'update', 'bob@example.com', '--email', 'bob@example.org', '--verified'])
  const lone = await place.run(['users', 'update', 'bob@example.org', '--verified'])

  expect(plain.stderr).toContain('The new address is not verified until the user signs in with a mail sent there.')
  expect(vouched.stderr).not.toContain('not verified')
  expect(lone.code).toBe(64)
  expect(await json(place, 'users', 'show', 'ada@example.org')).toMatchObject({ email_verified: false })
  expect(await json(place, 'users', 'show', 'bob@example.org')).toMatchObject({ email_verified: true })
})
