import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { BUILD } from '../../src/build-info.ts'
import { reportError } from '../../src/cli/output/report.ts'
import { TEMPORARY } from '../support/temporary.ts'

const SECRET = 'A'.repeat(43)

test.each([false, true])('a bug is reported without the tokens in its message (as JSON: %j)', (isJson) => {
  const home = mkdtempSync(join(TEMPORARY, 'authd-crash-'))
  const written: string[] = []
  vi.stubEnv('XDG_STATE_HOME', home)
  const { argv } = process
  process.argv = ['node', 'authd', 'users', 'list']
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  onTestFinished(() => {
    vi.unstubAllEnvs()
    process.argv = argv
    write.mockRestore()
    rmSync(home, { recursive: true, force: true })
  })

  const code = reportError(new Error(`no row for rec_${'0'.repeat(26)}.${SECRET}`), isJson)

  const [report = ''] = globSync(`${home}/authd/crash-*.json`)
  expect(code).toBe(70)
  expect(JSON.parse(readFileSync(report, 'utf8'))).toEqual({
    ...{ authd: BUILD.version, commit: BUILD.commit, node: process.version, command: 'users' },
    stack: expect.stringContaining('no row for rec_'),
  })
  expect([statSync(report).mode & 0o777, statSync(join(home, 'authd')).mode & 0o777]).toEqual([0o600, 0o700])
  expect(written.join('') + readFileSync(report, 'utf8')).not.toContain(SECRET)
  expect(written.join('')).toContain(report)
})
