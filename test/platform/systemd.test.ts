import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectServiceManager } from '../../src/platform/systemd.ts'
import { until } from '../support/until.ts'

/** A folder for PATH with a fake systemd-notify that is slow with its first message. */
function pathWithNotify(script?: string): { said: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'authd-notify-'))
  const before = process.env['PATH']
  if (script !== undefined) {
    writeFileSync(join(folder, 'systemd-notify'), script)
    chmodSync(join(folder, 'systemd-notify'), 0o755)
  }
  process.env['PATH'] = folder
  onTestFinished(() => {
    process.env['PATH'] = before
    rmSync(folder, { recursive: true })
  })
  return { said: () => readFileSync(join(folder, 'said'), 'utf8') }
}

test('before systemd 253 the messages of a reload arrive in order', async () => {
  const { said } = pathWithNotify(`#!/bin/sh
# The first message waits until the second could have overtaken it.
case $2 in RELOADING=1) for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done ;; esac
echo "$@" >> "\${0%/*}/said"
`)
  const service = connectServiceManager({ NOTIFY_SOCKET: '/run/systemd/notify' }, 42)

  service.notify('RELOADING=1\nMONOTONIC_USEC=7')
  service.notify('READY=1')

  await until(() => expect(said()).toBe('--pid=42 RELOADING=1 MONOTONIC_USEC=7\n--pid=42 READY=1\n'))
})

test('a NOTIFY_SOCKET without systemd-notify, as in a container, does not stop authd', async () => {
  pathWithNotify()
  // Other tests of this process may have children.
  const children = () => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length
  const before = children()
  const service = connectServiceManager({ NOTIFY_SOCKET: '/run/notify' }, 42)
  const uncaught = vi.fn()
  process.once('uncaughtException', uncaught)
  onTestFinished(() => void process.off('uncaughtException', uncaught))

  service.notify('READY=1')
  // A child that cannot start reports it in the next turns of the event loop.
  await until(() => expect(children()).toBeLessThanOrEqual(before))
  await new Promise((resolve) => setImmediate(resolve))

  expect(uncaught).not.toHaveBeenCalled()
})
