import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const MODULE = join(import.meta.dirname, '../../src/platform/log-file.ts')

/** Runs a script in a process that may write files of 512 or 1024 bytes, as on a disk that is nearly full. */
function withLittleSpace(script: string, folder: string): string {
  const source = `
    import { renameSync } from 'node:fs'
    const { openLogFile } = await import(${JSON.stringify(MODULE)})
    ${script}`
  const options = ['--input-type=module', '-e', source]
  return execFileSync('/bin/sh', ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, ...options], {
    cwd: folder,
    encoding: 'utf8',
  })
}

test('lines that a full disk rejects go to standard output, and a new file begins with a whole line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'authd-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const lines = Array.from({ length: 40 }, (_, index) => `line ${String(index).padStart(3, '0')} ${'x'.repeat(40)}`)

  const elsewhere = withLittleSpace(
    `
    const log = openLogFile('a.log', process.stdout)
    for (const line of ${JSON.stringify(lines)}) log.stream.write(line + '\\n')
    renameSync('a.log', 'a.log.1')
    log.reopen()
    log.stream.write('the first of the new file\\n')`,
    folder,
  )

  const kept = readFileSync(join(folder, 'a.log.1'), 'utf8').split('\n')
  const whole = [...kept, ...elsewhere.split('\n')].filter((line) => lines.includes(line))
  expect(whole.sort()).toEqual(lines)
  expect(readFileSync(join(folder, 'a.log'), 'utf8')).toBe('the first of the new file\n')
})
