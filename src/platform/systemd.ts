import { spawn } from 'node:child_process'
import { writeSync } from 'node:fs'

/** How to tell systemd what we are doing; does nothing where nobody listens. */
export interface ServiceManager {
  notify(state: string): void
  /** Between two `WATCHDOG=1`, half of what systemd waits; undefined: it does not wait for any. Milliseconds. */
  watchdogMs: number | undefined
  /** Sockets that systemd opened for us. */
  listenFds: number[]
}

const FIRST_FD = 3

/**
 * Takes over what systemd passed (sd_listen_fds(3)), and removes it from the environment, so that no child takes it
 * for its own. An fd named `notify` is a datagram socket to the manager (`OpenFile=`, systemd 253); before that,
 * systemd-notify says it for us.
 */
export function connectServiceManager(env: NodeJS.ProcessEnv, pid: number): ServiceManager {
  const isOurs = env['LISTEN_PID'] === String(pid)
  const names = isOurs ? (env['LISTEN_FDNAMES'] ?? '').split(':') : []
  const count = isOurs ? Number(env['LISTEN_FDS'] ?? 0) : 0
  const notifySocket = env['NOTIFY_SOCKET']
  const isWatched = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid)
  const watchdogUsec = isWatched ? Number(env['WATCHDOG_USEC'] ?? 0) : 0
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'WATCHDOG_PID', 'WATCHDOG_USEC']) delete env[name]
  const fds = Array.from({ length: count }, (_, index) => ({ fd: FIRST_FD + index, name: names[index] }))
  const notifyFd = fds.find(({ name }) => name === 'notify')?.fd
  return {
    watchdogMs: watchdogUsec > 0 ? watchdogUsec / 2000 : undefined,
    listenFds: fds.filter(({ name }) => name !== 'notify').map(({ fd }) => fd),
    notify: notifyFd === undefined ? throughChild(notifySocket, pid) : throughSocket(notifyFd),
  }
}

function throughSocket(fd: number): (state: string) => void {
  return (state) => {
    try {
      writeSync(fd, state)
    } catch {
      // authd keeps serving without a manager that listens. The watchdog decides.
    }
  }
}

/** One child after the other: READY=1 that overtook RELOADING=1 would leave the service reloading for ever. */
function throughChild(socket: string | undefined, pid: number): (state: string) => void {
  if (!socket) return () => {}
  let last = Promise.resolve()
  return (state) => {
    last = last.then(() => runNotify([`--pid=${pid}`, ...state.split('\n')]))
  }
}

async function runNotify(args: string[]): Promise<void> {
  const child = spawn('systemd-notify', args, { stdio: 'ignore' })
  child.unref()
  await new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    // Container engines set NOTIFY_SOCKET and bring no systemd-notify: nobody is told, and authd serves.
    child.once('error', () => resolve())
  })
}
