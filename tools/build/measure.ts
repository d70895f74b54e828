import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const RUNS = 11

/** Measures size and start times of the executable in an empty folder without a PATH. Throws if it does not work there. */
export async function measure(authd: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'authd-measure-'))
  const run = (program: string, ...args: string[]) => mustSucceed(spawn(program, args, folder), args)
  try {
    mkdirSync(join(folder, 'authd-data'))
    run(authd, 'migrate', 'up')
    const { stderr } = spawn(authd, ['--help'], folder, { NODE_DEBUG: 'authd' })
    if (!stderr.includes('code cache accepted')) throw new Error(`V8 did not take the code cache:\n${stderr}`)
    mustSucceed(spawn(authd, ['--help'], folder, { NODE_OPTIONS: '--require=/nonexistent.js' }), ['--help'])
    const bare = median(() => run(process.execPath, '-e', '0'))
    const row = (...args: string[]) => {
      const ms = median(() => run(authd, ...args))
      return `  ${args.join(' ').padEnd(18)} ${ms.toFixed(0).padStart(4)} ms   ${(ms / bare).toFixed(2)} × bare Node`
    }
    return [
      `dist/authd         ${(statSync(authd).size / 1e6).toFixed(1)} MB`,
      `  bare Node        ${bare.toFixed(0).padStart(5)} ms`,
      row('--version'),
      row('--help'),
      row('users', 'list', '--json'),
    ].join('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function spawn(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): SpawnSyncReturns<string> {
  return spawnSync(program, args, { cwd, env: { PATH: '', ...env }, encoding: 'utf8' })
}

function mustSucceed({ status, error, stderr }: SpawnSyncReturns<string>, args: string[]): void {
  if (status !== 0) throw new Error(`authd ${args.join(' ')}: exit ${status} ${error ?? ''}\n${stderr}`)
}

function median(work: () => void): number {
  const times = Array.from({ length: RUNS }, () => {
    const before = performance.now()
    work()
    return performance.now() - before
  })
  return times.sort((a, b) => a - b)[(RUNS - 1) / 2] ?? 0
}
