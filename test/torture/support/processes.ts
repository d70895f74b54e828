import { execFileSync } from 'node:child_process'

/** A process and everything that it started, the parents first. */
export function familyOf(pid: number | undefined): number[] {
  if (pid === undefined) return []
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=']).toString().trim().split('\n')
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number))
  const family = [pid]
  for (const parent of family) family.push(...pairs.flatMap(([child = 0, of]) => (of === parent ? [child] : [])))
  return family
}

/** Sends a signal, if the process still runs. */
export function send(signal: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended already.
  }
}
