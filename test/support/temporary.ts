import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const MEMORY = '/dev/shm'
const ENOUGH_BYTES = 1024 ** 3

/** Where tests make folders for databases: in memory where there is room, because SQLite waits for the disk at each commit. */
export const TEMPORARY = hasRoom(MEMORY) ? MEMORY : tmpdir()

function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize >= ENOUGH_BYTES
  } catch {
    return false
  }
}
