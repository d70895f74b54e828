import { spawnSync } from 'node:child_process'
import { AuthdError } from '../../errors.ts'

/** Runs a program of systemd; its own words go to stderr. Throws UNAVAILABLE where it fails. */
export function run(command: string, ...args: string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (status === 0) return
  const why = error === undefined ? `exit ${status}` : error.message
  throw new AuthdError('UNAVAILABLE', { message: `${command} ${args.join(' ')}: ${why}` })
}

/** `257`, of the systemd of this machine; undefined where there is none. */
export function systemdVersion(): number | undefined {
  const { stdout } = spawnSync('systemctl', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [, version] = /^systemd (\d+)/.exec(stdout ?? '') ?? []
  return version === undefined ? undefined : Number(version)
}

/** Only root may change what starts at boot. */
export function refuseUnprivileged(again: string): void {
  if (process.getuid?.() === 0) return
  throw new AuthdError('NO_PERMISSION', { message: 'This needs root.', suggestions: [`sudo ${again}`] })
}
