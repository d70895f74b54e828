import { spawnSync } from 'node:child_process'
import { AuthdError } from '../../errors.ts'

/** Runs a systemd program with its output on stderr. Throws UNAVAILABLE if it fails. */
export function run(command: string, ...args: string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (status === 0) return
  const why = error === undefined ? `exit ${status}` : error.message
  throw new AuthdError('UNAVAILABLE', { message: `${command} ${args.join(' ')}: ${why}` })
}

/** Version of this machine's systemd, such as `257`. Undefined without systemd. */
export function systemdVersion(): number | undefined {
  const { stdout } = spawnSync('systemctl', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [, version] = /^systemd (\d+)/.exec(stdout ?? '') ?? []
  return version === undefined ? undefined : Number(version)
}

/** Only root may change what starts at boot. `again` is the command line for root. */
export function refuseUnprivileged(again: string): void {
  if (process.getuid?.() === 0) return
  throw new AuthdError('NO_PERMISSION', { message: 'This needs root.', suggestions: [again] })
}
