import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

test('keys rotate says when the new key signs, and changes nothing while it waits', async () => {
  const { run } = await shell()
  await run(['migrate'])

  const first = JSON.parse((await run(['keys', 'rotate', '--json'])).stdout)
  const second = await run(['keys', 'rotate'])
  const again = JSON.parse((await run(['keys', 'rotate', '--json'])).stdout)
  const listed = JSON.parse((await run(['keys', 'list', '--json'])).stdout)

  const { published_at, signs_from } = first.timeline
  expect(Date.parse(signs_from) - Date.parse(published_at)).toBe(24 * 60 * 60 * 1000)
  expect(first.changed).toBe(true)
  expect(again).toEqual({ ...first, changed: false })
  expect(second.stdout).toContain(`Unchanged: ${first.kid} ES256 is published already and signs`)
  expect(second.stderr).toContain('authd keys rotate --now')
  expect(listed.data.map(({ state }: { state: string }) => state)).toEqual(['next', 'active'])
})

test('keys rotate --now says what verifiers believe, for how long, and what to do', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['keys', 'rotate'])

  const rotated = await run(['keys', 'rotate', '--now', '--reason', 'key was copied'])
  const listed = JSON.parse((await run(['keys', 'list', '--json'])).stdout)

  expect(rotated.code).toBe(0)
  expect(rotated.stderr).toMatch(/reject new tokens until they fetch the key set again: most within 5 to 15 minutes/)
  expect(rotated.stderr).toMatch(
    /older keys are accepted until .*, also forged ones\. If a key was copied, restart your verifiers after that/,
  )
  expect(listed.data.map(({ state }: { state: string }) => state)).toEqual(['active', 'retiring', 'retiring'])
  expect(listed.data.map(({ signs_from }: { signs_from: string | null }) => signs_from === null)).toEqual([
    false,
    true,
    false,
  ])
})
