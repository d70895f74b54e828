import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, PROGRAM, shell } from '../support/cli.ts'
import { until } from '../support/until.ts'

test('a daemon that waits for its database is ready for systemd, says why it waits, answers 503, and can be stopped', async () => {
  const { folder } = await shell()
  const said = join(folder, 'said')
  const port = await freePort()
  const url = `postgres://authd@127.0.0.1:${await freePort()}/authd`
  const script = 'LISTEN_PID=$$ exec "$0" "$@"'
  const child = spawn('/bin/sh', ['-c', script, PROGRAM, 'serve', '--dev', '--listen', `127.0.0.1:${port}`], {
    cwd: folder,
    env: {
      ...{ PATH: `${process.execPath.replace(/\/[^/]*$/, '')}:${process.env['PATH']}`, HOME: folder },
      ...{ LISTEN_FDS: '1', LISTEN_FDNAMES: 'notify', AUTHD_DATABASE_URL: url, WATCHDOG_USEC: '200000' },
    },
    stdio: ['ignore', 'ignore', 'ignore', openSync(said, 'a')],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const status = /READY=1\nSTATUS=Waiting for the database: .*127\.0\.0\.1:\d+ accepts no connections.*WATCHDOG=1/s
  await until(() => expect(readFileSync(said, 'utf8')).toMatch(status))
  const response = await fetch(`http://127.0.0.1:${port}/readiness`)

  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')

  expect([response.status, code]).toEqual([503, 0])
  expect(readFileSync(said, 'utf8')).toMatch(/STOPPING=1\nEXTEND_TIMEOUT_USEC=\d+/)
})

test('systemd is told when the daemon is ready, alive, reloading and stopping, through the socket of OpenFile=', async () => {
  const { folder } = await shell()
  const said = join(folder, 'said')
  const port = await freePort()
  // systemd sets LISTEN_PID to the pid of the program, and exec keeps the pid of this shell.
  const script = 'LISTEN_PID=$$ exec "$0" "$@"'
  const child = spawn('/bin/sh', ['-c', script, PROGRAM, 'serve', '--dev', '--listen', `127.0.0.1:${port}`], {
    cwd: folder,
    env: {
      ...{ PATH: `${process.execPath.replace(/\/[^/]*$/, '')}:${process.env['PATH']}`, HOME: folder },
      ...{ LISTEN_FDS: '1', LISTEN_FDNAMES: 'notify', WATCHDOG_USEC: '200000' },
    },
    stdio: ['ignore', 'ignore', 'ignore', openSync(said, 'a')],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const untilSaid = (pattern: RegExp) => until(() => expect(readFileSync(said, 'utf8')).toMatch(pattern))

  await untilSaid(/READY=1\nSTATUS=Serving http/)
  await untilSaid(/WATCHDOG=1.*WATCHDOG=1/s)
  child.kill('SIGHUP')
  await untilSaid(/RELOADING=1\nMONOTONIC_USEC=\d+.*READY=1/s)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')

  expect(code).toBe(0)
  expect(readFileSync(said, 'utf8')).toMatch(/STOPPING=1\nEXTEND_TIMEOUT_USEC=11400000/)
})

test('after a reload of an invalid configuration, systemd is told that the old one is in force', async () => {
  const { folder } = await shell({ data: false })
  const said = join(folder, 'said')
  const port = await freePort()
  const path = join(folder, 'authd.toml')
  const text = `public_url = "http://localhost:${port}"
data_dir = "data"
server.port = ${port}
smtp.host = "127.0.0.1"
mail.from = "no-reply@example.com"
`
  writeFileSync(path, text, { mode: 0o600 })
  const child = spawn('/bin/sh', ['-c', 'LISTEN_PID=$$ exec "$0" "$@"', PROGRAM, 'serve', '--config', path], {
    cwd: folder,
    env: {
      ...{ PATH: `${process.execPath.replace(/\/[^/]*$/, '')}:${process.env['PATH']}`, HOME: folder },
      ...{ LISTEN_FDS: '1', LISTEN_FDNAMES: 'notify' },
    },
    stdio: ['ignore', 'ignore', 'ignore', openSync(said, 'a')],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const untilSaid = (pattern: RegExp) => until(() => expect(readFileSync(said, 'utf8')).toMatch(pattern))
  await untilSaid(/STATUS=Serving/)

  writeFileSync(path, `${text}unknown = 1\n`)
  child.kill('SIGHUP')
  await untilSaid(/READY=1\nSTATUS=Serving http:\/\/localhost:\d+ with the old configuration, because/)
  writeFileSync(path, text)
  child.kill('SIGHUP')

  await untilSaid(/because the new one is invalid.*READY=1\nSTATUS=Serving http:\/\/localhost:\d+$/s)
})
