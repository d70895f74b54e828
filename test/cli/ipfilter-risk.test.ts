import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

test('a rule for any address of this machine needs the accepted risk', async () => {
  const { run } = await shell({ inProcess: true })
  await run(['migrate'])
  const own = Object.values(networkInterfaces()).flatMap((found = []) => found.map(({ address }) => address))
  const add = (...more: string[]) => run(['ipfilter', 'add', ...more, '--reason', 'a test'])

  const refused = await Promise.all(own.map((address) => add(address)))
  const accepted = await add(own[0] ?? '127.0.0.1', '--accept-risk=lockout')

  expect(refused.map(({ code }) => code)).toEqual(own.map(() => 64))
  for (const { stderr } of refused) expect(stderr).toMatch(/contains this machine itself[\s\S]*--accept-risk=lockout/)
  expect(accepted.code).toBe(0)
})
