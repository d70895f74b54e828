import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

test.each([
  [['--confirm=wrong'], ''],
  [['--confirm', 'wrong', '--yes'], ''],
  [['-yc', 'authd.toml', '--confirm', 'wrong'], ' -c authd.toml'],
  [['--reason', '--', '--confirm=wrong'], ' --reason --'],
  [['--confirm', '--'], ''],
  [['--reason=`id`', '--no-color', '--confirm=wrong'], " --reason='`id`' --no-color"],
])('a wrong confirmation %j suggests the same command with the right one, once', async (flags, kept) => {
  const { run, folder } = await shell()
  await writeFile(
    join(folder, 'authd.toml'),
    'public_url = "http://localhost:3000"\ndata_dir = "authd-data"\n[mail]\nfrom = "a@example.com"\n[smtp]\nhost = "localhost"\ntls = "none"\n',
  )
  const config = flags.includes('-yc') ? ['-c', 'authd.toml'] : []
  await run(['migrate', ...config])
  await run(['users', 'add', 'ada@example.com', ...config])

  const { code, stderr } = await run(['users', 'delete', 'ada@example.com', ...flags])

  expect(code).toBe(64)
  expect(stderr).toContain(`\nTry: authd users delete ada@example.com${kept} --confirm=ada@example.com\n`)
})

test.each([
  [['sessions', 'revoke', '--all', '--confirm', 'yes'], 'authd sessions revoke --all --confirm=all'],
  [['lockdown', 'on', '-y', '--confirm=on'], 'authd lockdown on --confirm=lockdown'],
  [['ipfilter', 'add', '--', '--reason=x'], "authd ipfilter add --reason='…' -- --reason=x"],
])('authd %j suggests the missing flag once, before the arguments', async (args, again) => {
  const { run } = await shell()

  expect((await run(args)).stderr).toContain(`\nTry: ${again}\n`)
})

test.each(['`id`@example.com', "o'$ifs|id@example.com", '-rf@example.com'])(
  'SECURITY: a suggested command about %s runs nothing when it is pasted',
  async (email) => {
    const { run } = await shell()
    await run(['migrate'])
    await run(['users', 'add', '--', email])

    const errors = [
      await run(['users', 'delete', '--', email]),
      await run(['users', 'add', '--', email]),
      await run(['passkeys', 'remove', '--', email, 'none']),
    ]

    const lines = errors.map(({ stderr }) => /Try: (.*)/.exec(stderr)?.[1] ?? '')
    expect(lines.map(pasted)).toEqual([
      expect.arrayContaining([email, `--confirm=${email}`]),
      expect.arrayContaining(['users', 'show', email]),
      expect.arrayContaining(['passkeys', 'list', email]),
    ])
    const shown = await run(pasted(lines[1] ?? ''))
    expect(shown.stdout).toContain(email)
  },
)

/** The words that a shell makes of a suggested line. */
function pasted(line: string): string[] {
  const script = `authd() { printf '%s\\0' "$@"; }\n${line}`
  return execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
}
