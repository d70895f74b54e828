import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { TEMPORARY } from '../support/temporary.ts'

const MODULE = join(import.meta.dirname, '../../src/platform/log-output.ts')

/** Runs a script whose standard output is a lossy one. It reports on stderr. */
function started(script: string, stdout: 'pipe' | number, sizeLimit = 'unlimited') {
  const source = `
    const { lossyOutput } = await import(${JSON.stringify(MODULE)})
    let lost = 0
    process.stdout.on('error', () => {})
    const output = lossyOutput(process.stdout, {
      lost: () => lost++,
      resumed: (count) => output.write('lost ' + count + '\\n'),
    })
    ${script}`
  const argv = ['-c', `ulimit -f ${sizeLimit}; exec "$0" "$@"`, process.execPath, '--input-type=module', '-e', source]
  // With a file as standard output, `stdout` is null and unused.
  const child = spawn('/bin/sh', argv, { stdio: ['pipe', stdout, 'pipe'] })
  return child as ChildProcessByStdio<Writable, Readable, Readable>
}

test('memory stays bounded while nobody reads the log, and the lost lines are counted', async () => {
  const child = started(
    `
    const line = 'x'.repeat(999) + '\\n'
    for (let n = 0; n < 50_000; n++) output.write(line)
    process.stderr.write(JSON.stringify({ lost, waiting: process.stdout.writableLength }) + '\\n')
    process.stdin.once('data', () => {
      output.write('after\\n')
      process.exitCode = 0
      process.stdin.destroy()
    })`,
    'pipe',
  )
  const [report] = await once(child.stderr.setEncoding('utf8'), 'data')
  const { lost, waiting } = JSON.parse(report) as { lost: number; waiting: number }
  const said = text(child.stdout)
  child.stdin.write('go\n')
  const lines = (await said).trim().split('\n')

  expect(waiting).toBeLessThan(2 * 1024 * 1024)
  expect(lines.filter((line) => line.startsWith('x'))).toHaveLength(50_000 - lost)
  expect(lost).toBeGreaterThan(40_000)
})

test('a full disk loses lines without an end of the process, and the log goes on once there is room', async () => {
  const folder = await mkdtemp(join(TEMPORARY, 'authd-log-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'log')
  writeFileSync(file, '')
  const fd = openSync(file, 'a')
  const script = `
    const { truncateSync } = await import('node:fs')
    const line = 'x'.repeat(99) + '\\n'
    for (let n = 0; n < 100; n++) output.write(line)
    process.stderr.write(String(lost))
    truncateSync(${JSON.stringify(file)}, 0)
    output.write('after\\n')`

  const child = started(script, fd, '4')
  closeSync(fd)
  const [lost, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  expect(code).toBe(0)
  expect(Number(lost)).toBeGreaterThan(50)
  expect((await readFile(file, 'utf8')).trim().split('\n')).toEqual(['after', `lost ${lost}`])
})

test('a device that takes nothing ends nothing', async () => {
  const fd = openSync('/dev/full', 'w')

  const child = started(`for (let n = 0; n < 10; n++) output.write('x\\n'); process.stderr.write(String(lost))`, fd)
  closeSync(fd)
  const [lost, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  expect([lost, code]).toEqual(['10', 0])
})

test('a reader that is gone ends nothing', async () => {
  const child = started(
    `
    process.stdin.once('data', () => {
      let n = 0
      const next = () => {
        output.write('x\\n')
        if (++n < 20) return setImmediate(next)
        process.stderr.write(String(lost))
        process.stdin.destroy()
      }
      next()
    })`,
    'pipe',
  )

  child.stdout.destroy()
  child.stdin.write('go\n')
  const [lost, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  expect(Number(lost)).toBeGreaterThan(0)
  expect(code).toBe(0)
})
