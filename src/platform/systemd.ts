import { spawn } from 'node:child_process'
import { writeSync } from 'node:fs'

/** Reports to systemd. Does nothing without systemd. */
export interface ServiceManager {
  notify(state: string): void
  /**
   * Reports that the start is over. From then on systemd must hear that the event loop runs: twice in the time of its
   * watchdog. Not before, because a long migration of SQLite holds the loop.
   */
  ready(status: string): void
  /** Sockets that systemd opened for authd. */
  listenFds: number[]
}

const FIRST_FD = 3

/**
 * Takes over the sockets that systemd passed (sd_listen_fds(3)), and removes them from the environment, so that no child
 * uses them. An fd named `notify` is a datagram socket to systemd (`OpenFile=`, systemd 253). Older versions need
 * systemd-notify.
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
  const notify = notifyFd === undefined ? throughChild(notifySocket, pid) : throughSocket(notifyFd)
  let isReady = false
  return {
    listenFds: fds.filter(({ name }) => name !== 'notify').map(({ fd }) => fd),
    notify,
    ready(status) {
      notify(`READY=1\nSTATUS=${status}`)
      if (watchdogUsec > 0 && !isReady) setInterval(() => notify('WATCHDOG=1'), watchdogUsec / 2000).unref()
      isReady = true
    },
  }
}

function throughSocket(fd: number): (state: string) => void {
  return (state) => {
    try {
      writeSync(fd, state)
    } catch {
      // authd keeps serving if systemd is gone or too busy. systemd's watchdog decides.
    }
  }
}

/** Runs one child after the other. If READY=1 overtook RELOADING=1, the service would stay in the state reloading. */
function throughChild(socket: string | undefined, pid: number): (state: string) => void {
  if (!socket) return () => {}
  let last = Promise.resolve()
  return (state) => {
    last = last.then(() => runNotify([`--pid=${pid}`, ...state.split('\n')]))
  }
}

/** The next state waits for this one. Milliseconds. */
const NOTIFY_MS = 5000

async function runNotify(args: string[]): Promise<void> {
  const child = spawn('systemd-notify', args, { stdio: 'ignore', timeout: NOTIFY_MS, killSignal: 'SIGKILL' })
  child.unref()
  await new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    // Container engines set NOTIFY_SOCKET but have no systemd-notify. authd then serves without reporting.
    child.once('error', () => resolve())
  })
}
