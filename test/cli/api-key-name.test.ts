import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

test('a key is revoked by its name if only one key in use has it, and else the ids are named', async () => {
  const { run } = await shell()
  await run(['migrate'])
  const create = async () =>
    JSON.parse((await run(['api-keys', 'create', '--name', 'dash', '--role', 'admin', '--json'])).stdout) as {
      id: string
    }
  const [first, second] = [await create(), await create()]

  const several = await run(['api-keys', 'revoke', 'dash', '--yes'])
  const byId = await run(['api-keys', 'revoke', first.id, '--yes'])
  const byName = await run(['api-keys', 'revoke', 'dash', '--yes'])
  const unknown = await run(['api-keys', 'revoke', 'dash', '--yes'])

  expect([several.code, byId.code, byName.code, unknown.code]).toEqual([65, 0, 0, 67])
  expect([several.stderr.includes(first.id), several.stderr.includes(second.id)]).toEqual([true, true])
  expect(byName.stdout).toContain(second.id)
})
