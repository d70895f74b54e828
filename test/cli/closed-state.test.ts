import { expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'

/** What status and doctor say of a lockdown and of paused mail. */
async function told({ run }: Shell) {
  const status = await run(['status', '--plain'])
  const { lockdown_since, mail_paused } = JSON.parse((await run(['status', '--json'])).stdout)
  const { checks } = JSON.parse((await run(['doctor', '--offline', '--only', 'queue,db', '--json'])).stdout) as {
    checks: { check: string; status: string; fix?: string }[]
  }
  const pauses = checks.filter(({ check }) => ['lockdown', 'mail'].includes(check))
  return { text: status.stdout, lockdown_since, mail_paused, pauses: pauses.map(({ status, fix }) => [status, fix]) }
}

test('status and doctor say that a lockdown is on and that mail is paused, as long as it is so', async () => {
  const place = await shell()
  await place.run(['migrate'])
  const before = await told(place)
  await place.run(['lockdown', 'on', '--confirm=lockdown'])
  const locked = await told(place)
  await place.run(['lockdown', 'off', '--yes'])
  await place.run(['email', 'pause'])
  const paused = await told(place)

  expect(before).toMatchObject({ lockdown_since: null, mail_paused: false, pauses: [] })
  expect(before.text).not.toMatch(/lockdown|paused: none/)
  expect(locked).toMatchObject({ mail_paused: true, pauses: [['warn', 'authd lockdown off']] })
  expect(locked.lockdown_since).toMatch(/^2\d{3}-/)
  expect(locked.text).toMatch(/^lockdown\s+on since 2.*\n(.*\n)*mail .*, paused: none is sent/m)
  expect(paused).toMatchObject({ lockdown_since: null, mail_paused: true, pauses: [['warn', 'authd email resume']] })
})
