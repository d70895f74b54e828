import { spawnSync } from 'node:child_process'

/** Through `AUTHD_PAGER`, `PAGER` or less where it is longer than the terminal; false: print it yourself. */
export function page(text: string, { rows, columns }: { rows: number; columns: number }): boolean {
  const lines = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0)
  // A terminal that does not tell its size has no screen to overflow.
  if (!rows || lines <= rows) return false
  const pager = process.env['AUTHD_PAGER'] || process.env['PAGER'] || 'less -FIRX'
  const { status, error } = spawnSync('sh', ['-c', pager], { input: text, stdio: ['pipe', 'inherit', 'inherit'] })
  return error === undefined && status !== 127
}
