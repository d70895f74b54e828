import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

/** Each place where an operator names a folder or a file that a command writes. */
test.each([
  ['man', '/proc/authd'],
  ['templates', 'eject', '--dir', '/proc/authd'],
  ['backup', 'create', '--folder', '/proc/authd'],
  ['service', 'install', '--root', '/proc/authd'],
  ['audit', 'export', '-o', '/proc/authd'],
  ['audit', 'tail', '--cursor', '/proc/authd'],
  ['users', 'export', '--all', '-o', '/proc/authd'],
  ['email', 'preview', 'signin', '-o', '/proc/authd'],
  ['support-bundle', '--offline', '--yes', '-o', '/proc/authd'],
  [
    'init',
    '--url',
    'https://auth.example.com',
    '--smtp-host',
    'smtp.example.com',
    '--dir',
    '/proc/authd',
    '--data-dir',
    'data',
  ],
  [
    'init',
    '--url',
    'https://auth.example.com',
    '--smtp-host',
    'smtp.example.com',
    '--dir',
    'etc',
    '--data-dir',
    '/proc/authd',
  ],
])('authd %s %s %s … says why a place cannot be written', async (...args) => {
  const { run } = await shell({ inProcess: true })
  await run(['migrate'])

  const { code, stdout, stderr } = await run(args)

  expect([74, 77]).toContain(code)
  expect(stdout).toBe('')
  expect(stderr).toMatch(
    /\/proc\/authd\S*(?: cannot be written)?: (no such file or directory|permission denied|read-only)/,
  )
})
