import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { type Shell, shell } from '../support/cli.ts'

const ADA = 'ada@example.com'

/** Each command that has a dry run, with arguments that would change something. WHE stands for an endpoint's id. */
const CHANGES: Record<string, string[]> = {
  init: ['--url', 'https://auth.example.com', '--email-from', 'a@example.com', '--dir', 'etc', '--data-dir', 'data'],
  'users add': ['bob@example.com'],
  'users invite': ['bob@example.com', '--no-send'],
  'users update': [ADA, '--name', 'Ada'],
  'users disable': [ADA],
  'users enable': ['disabled@example.com'],
  'users unlock': [ADA],
  'users import': ['people.csv'],
  'users delete': [ADA],
  'users recover': [ADA, '--reason', 'lost'],
  'passkeys rename': [ADA, 'none', 'other'],
  'passkeys remove': [ADA, 'none'],
  'totp reset': [ADA],
  'recovery-codes reset': [ADA],
  'sessions revoke': ['--user', ADA],
  'keys rotate': [],
  'secrets rotate': [],
  'api-keys create': ['--name', 'dashboard', '--role', 'viewer'],
  'api-keys revoke': ['KEY'],
  'ipfilter add': ['203.0.113.9', '--reason', 'test'],
  'ipfilter remove': ['198.51.100.7'],
  'ipfilter import': ['rules.txt'],
  'ipfilter prune': [],
  'lockouts clear': ['--user', ADA],
  'ratelimit reset': [ADA],
  lockdown: ['on'],
  'email pause': [],
  'email resume': [],
  'email retry': ['--all-failed'],
  'email cancel': ['MSG'],
  'suppressions clear': [ADA],
  'webhooks add': ['https://app.example.com/b'],
  'webhooks update': ['WHE', '--description', 'shop'],
  'webhooks rotate-secret': ['WHE'],
  'webhooks remove': ['WHE'],
  'webhooks redeliver': ['--failed'],
  'settings set': ['signup.policy', 'closed'],
  'settings unset': ['signup.policy'],
  'migrate up': [],
  'db copy': ['--to', 'copy.db'],
  'backup prune': ['--keep', '1'],
  'service install': ['--root', 'image'],
  'service uninstall': ['--root', 'image'],
}

/** The commands above whose object has nothing to change here: no passkey, no lockout, no mail that failed, no backup. */
const NOTHING_THERE =
  /^(passkeys |totp |recovery-codes |users unlock|email resume|lockouts |ratelimit |suppressions |email retry|webhooks redeliver|ipfilter prune|backup prune)/

/** What the irreversible ones ask for. */
const CONFIRMED: Record<string, string[]> = {
  'users delete': [`--confirm=${ADA}`],
  lockdown: ['--confirm=lockdown'],
  'secrets rotate': ['--confirm=rotate'],
}

async function furnished(): Promise<{ place: Shell; ids: Record<string, string> }> {
  const place = await shell({ inProcess: true })
  const json = async (...args: string[]) => JSON.parse((await place.run([...args, '--json'])).stdout)
  await place.run(['migrate'])
  await place.run(['users', 'add', ADA, 'disabled@example.com'])
  await place.run(['users', 'disable', 'disabled@example.com'])
  await place.run(['ipfilter', 'add', '198.51.100.7', '--reason', 'test'])
  await place.run(['settings', 'set', 'signup.policy', 'invite'])
  await writeFile(join(place.folder, 'rules.txt'), '203.0.113.9 # test\n')
  await writeFile(join(place.folder, 'people.csv'), 'email\nnew@example.com\n')
  const { id: KEY } = await json('api-keys', 'create', '--name', 'shop', '--scope', 'introspect')
  const { id: WHE } = await json('webhooks', 'add', 'https://app.example.com/a')
  const { message_id: MSG } = await json('users', 'invite', 'mail@example.com')
  return { place, ids: { KEY, WHE, MSG } }
}

test('every command with a dry run is in the table', async () => {
  const all = await Promise.all(
    Object.entries(COMMANDS).map(async ([id, { load }]) => ({ id, flags: (await load()).default.flags })),
  )

  expect(Object.keys(CHANGES).toSorted()).toEqual(
    all
      .filter(({ flags }) => 'dry-run' in (flags ?? {}))
      .map(({ id }) => id)
      .toSorted(),
  )
})

test.each(Object.entries(CHANGES).filter(([id]) => !NOTHING_THERE.test(id)))(
  'every line of authd %s -n says what it would do, and JSON says changed and dry_run',
  async (id, args) => {
    const { place, ids } =
      id === 'migrate up' ? { place: await shell({ inProcess: true }), ids: {} } : await furnished()
    const line = [...id.split(' '), ...args.map((arg) => (ids as Record<string, string>)[arg] ?? arg), '-n']

    const text = await place.run(line)
    const json = await place.run([...line, '--json'])

    expect(
      text.stdout
        .trim()
        .split('\n')
        .filter((said) => !/\bwould\b/i.test(said)),
    ).toEqual([])
    expect(text.stderr).toContain('Dry run: nothing was changed.')
    const document = JSON.parse(json.stdout)
    expect(document).toMatchObject({ dry_run: true, changed: expect.any(Boolean) })
  },
)

test.each(Object.entries(CHANGES).filter(([id]) => !NOTHING_THERE.test(id) && !/^(init|service|migrate)/.test(id)))(
  'authd %s refuses an unknown --fields before it changes anything, and prints a known one alone',
  async (id, args) => {
    const { place, ids } = await furnished()
    const line = [...id.split(' '), ...args.map((arg) => ids[arg] ?? arg), '--yes', ...(CONFIRMED[id] ?? [])]
    const events = async () => {
      // A command that fails leaves its events to the next one, which seals them.
      await place.run(['users', 'list'])
      return (await place.run(['audit', 'list', '--json'])).stdout
    }
    const before = await events()

    const refused = [
      await place.run([...line, '--fields', 'nope']),
      await place.run([...line, '--fields', 'nope', '--json']),
    ]
    const after = await events()
    const done = await place.run([...line, '--fields', 'changed'])

    expect(refused.map(({ code, stdout }) => [code, stdout])).toEqual([
      [64, ''],
      [64, ''],
    ])
    expect(refused[0]?.stderr).toContain('--fields: unknown field "nope". Available: ')
    expect(after).toBe(before)
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(true|false)\n$/) })
  },
)

test('the rehearsal of a new API key says what it could do, from where and until when', async () => {
  const { run } = await shell({ inProcess: true })
  await run(['migrate'])
  const create = ['api-keys', 'create', '--name', 'shop', '--scope', 'introspect', '--scope', 'signin']

  const { stdout } = await run([...create, '--ip', '10.0.0.0/8', '-n'])

  expect(stdout).toBe(
    'Would create the key "shop" with introspect, signin, valid from 10.0.0.0/8, without an expiry.\n',
  )
})
