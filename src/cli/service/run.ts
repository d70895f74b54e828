import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { AuthdError } from '../../errors.ts'
import { SECOND } from '../../platform/clock.ts'

/** Longer than systemd lets a unit start or stop by default. Milliseconds. */
const LONGEST_MS = 200_000

/** Runs a systemd program with its output on stderr. Throws UNAVAILABLE if it fails or does not end. */
export function run(command: string, ...args: string[]): void {
  const { status, error } = spawned(command, args, { stdio: ['ignore', 2, 2] })
  if (status === 0) return
  const why = error === undefined ? `exit ${status}` : error.message
  throw new AuthdError('UNAVAILABLE', { message: `${command} ${args.join(' ')}: ${why}` })
}

/** What `systemctl` prints. Throws UNAVAILABLE if it fails or does not end. */
export function readSystemctl(...args: string[]): string {
  const { status, stdout, error } = spawned('systemctl', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  if (status === 0) return String(stdout)
  const message = `No answer from systemctl: ${error?.message ?? `exit ${status}`}`
  throw new AuthdError('UNAVAILABLE', { message })
}

function spawned(command: string, args: string[], options: SpawnSyncOptions) {
  return spawnSync(command, args, { ...options, encoding: 'utf8', timeout: LONGEST_MS, killSignal: 'SIGKILL' })
}

/** The last lines that a unit has logged, `since` in epoch milliseconds. Undefined without a journal that this user can read. */
export function readJournal(
  unit: string,
  { lines, maxBytes, since }: { lines: number; maxBytes: number; since: number | undefined },
): string | undefined {
  const from = since === undefined ? [] : ['--since', `@${Math.floor(since / SECOND)}`]
  const args = ['--unit', unit, '--lines', String(lines), ...from, '--output', 'short-iso', '--no-pager', '--quiet']
  const { status, stdout } = spawned('journalctl', args, { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: maxBytes })
  return status === 0 && stdout !== '' ? String(stdout) : undefined
}

/** Version of this machine's systemd, such as `257`. Undefined without systemd. */
export function systemdVersion(): number | undefined {
  const { stdout } = spawned('systemctl', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [, version] = /^systemd (\d+)/.exec(String(stdout ?? '')) ?? []
  return version === undefined ? undefined : Number(version)
}

/** Only root may change what starts at boot. `again` is the command line for root. */
export function refuseUnprivileged(again: string): void {
  if (process.getuid?.() === 0) return
  throw new AuthdError('NO_PERMISSION', { message: 'This needs root.', suggestions: [again] })
}
