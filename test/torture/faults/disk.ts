import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Fault, Place, Prepared } from './fault.ts'

const SHIM = join(import.meta.dirname, 'disk-shim.c')

/** A disk that fails on demand: a library, compiled here, that stands between the daemon and libc. */
async function disk({ shell }: Place, fault: 'full' | 'fsync'): Promise<Prepared> {
  const library = join(shell.folder, 'disk-shim.so')
  const state = join(shell.folder, 'disk-fault')
  await promisify(execFile)('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-o', library, SHIM, '-ldl'])
  return {
    env: { LD_PRELOAD: library, TORTURE_FAULT: state, TORTURE_FOLDER: join(shell.folder, 'data') },
    hurt: () => writeFile(state, fault),
    heal: () => rm(state, { force: true }),
  }
}

const NEEDS = { gcc: 'gcc libc6-dev' }

export const DISK: Fault[] = [
  {
    name: 'disk-full',
    needs: NEEDS,
    promise: 'Nothing acknowledged is lost, writes get 503, and all goes on once there is room.',
    may: ['200', '201', '503'],
    told: { what: 'database', reason: /^the disk is full$/ },
    prepare: (place) => disk(place, 'full'),
  },
  {
    name: 'disk-fsync',
    needs: NEEDS,
    promise: 'What the disk did not confirm is not acknowledged: writes get 503 until an fsync succeeds.',
    may: ['200', '201', '503'],
    told: { what: 'database', reason: /^the disk reports errors$/ },
    prepare: (place) => disk(place, 'fsync'),
  },
]
