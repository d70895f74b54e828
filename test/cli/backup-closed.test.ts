import { expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'

const json = async ({ run }: Shell, ...argv: string[]) => JSON.parse((await run([...argv, '--json'])).stdout)

async function settingsOf(place: Shell) {
  const rows = (await json(place, 'settings', 'list')).data as { key: string; value: unknown }[]
  const value = (name: string) => rows.find(({ key }) => key === name)?.value
  return { policy: value('signup.policy'), isPaused: value('mail.paused') }
}

/** A database, and a backup of it from before `later`. */
async function restoredAfter(earlier: string[][], later: string[][]) {
  const place = await shell()
  await place.run(['migrate'])
  for (const argv of earlier) await place.run(argv)
  const backup = await json(place, 'backup', 'create')
  for (const argv of later) await place.run(argv)
  const restored = await place.run(['backup', 'restore', backup.name, '--confirm=restore', '--json'])
  return { place, restored: JSON.parse(restored.stdout) }
}

const LOCKDOWN = ['lockdown', 'on', '--reason', 'breach', '--confirm=lockdown']

test('SECURITY: a restore does not end a lockdown, whose end restores what was set before it', async () => {
  const { place, restored } = await restoredAfter([], [['settings', 'set', 'signup.policy', 'invite'], LOCKDOWN])

  const status = await json(place, 'lockdown', 'status')
  const held = await settingsOf(place)
  await place.run(['lockdown', 'off'])

  expect(restored).toMatchObject({ kept_closed: ['lockdown', 'signup.policy'] })
  expect(status).toMatchObject({ active: true, reason: 'breach' })
  expect(held).toEqual({ policy: 'closed', isPaused: true })
  expect(await settingsOf(place)).toEqual({ policy: 'invite', isPaused: false })
})

test.each([
  ['a pause of mail', [], [['email', 'pause']], ['mail.paused'], { policy: 'open', isPaused: true }],
  [
    'closed sign-ups',
    [],
    [['settings', 'set', 'signup.policy', 'closed']],
    ['signup.policy'],
    { policy: 'closed', isPaused: false },
  ],
  [
    'sign-ups of some domains with their domains',
    [],
    [
      ['settings', 'set', 'signup.domains', 'example.com'],
      ['settings', 'set', 'signup.policy', 'domains'],
    ],
    ['signup.policy'],
    { policy: 'domains', isPaused: false },
  ],
  [
    'what the backup has closed, although it was opened since',
    [['email', 'pause'], LOCKDOWN],
    [
      ['lockdown', 'off'],
      ['email', 'resume'],
    ],
    [],
    { policy: 'closed', isPaused: true },
  ],
  [
    'closed sign-ups that were set to open in the backup',
    [['settings', 'set', 'signup.policy', 'open']],
    [['settings', 'set', 'signup.policy', 'closed']],
    ['signup.policy'],
    { policy: 'closed', isPaused: false },
  ],
])('SECURITY: a restore opens nothing that an operator had closed: %s', async (_, earlier, later, closed, settings) => {
  const { place, restored } = await restoredAfter(earlier, later)

  expect(restored.kept_closed).toEqual(closed)
  expect(await settingsOf(place)).toEqual(settings)
})
