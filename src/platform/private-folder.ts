import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { makeFolder } from './folder.ts'

/**
 * An empty SQLite file in each private folder. Its maker holds SQLite's lock on it. The kernel releases that lock when the
 * process ends, also after kill -9, and tells processes of other containers, which a process id would not.
 */
const HELD = 'held'
/** How long a maker waits for a process that looks at its new folder. */
const WAIT_MS = 5000

/** A private folder for `work`, deleted afterwards, also when the process exits meanwhile, for example by Ctrl-C. */
export async function inPrivateFolder<Result>(
  parent: string,
  prefix: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  makeFolder(parent, 0o700)
  const { folder, release } = makeHeld(join(parent, prefix))
  const remove = () => {
    removeWhole(folder)
    release()
  }
  process.once('exit', remove)
  try {
    return await work(folder)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

/** The private folders in a folder whose maker was killed before it could delete them. */
export function abandonedIn(parent: string): string[] {
  return eachAbandoned(parent, () => undefined)
}

/** Deletes the private folders in a folder whose maker was killed. Returns those that are deleted. */
export function removeAbandoned(parent: string): string[] {
  return eachAbandoned(parent, removeWhole)
}

function eachAbandoned(parent: string, work: (folder: string) => void): string[] {
  return namesIn(parent)
    .filter((name) => /^\..+-\w{6}$/.test(name))
    .map((name) => join(parent, name))
    .filter((folder) => {
      try {
        const path = join(folder, HELD)
        if (!lstatSync(path).isFile()) return false
        const place = pathToFileURL(path)
        // Only one that exists: its maker may be deleting it.
        place.searchParams.set('mode', 'rw')
        const release = hold(place, 0)
        try {
          work(folder)
        } finally {
          release()
        }
        return true
      } catch {
        // Its maker lives, or it belongs to another user.
        return false
      }
    })
}

function makeHeld(prefix: string): { folder: string; release(): void } {
  for (;;) {
    const folder = mkdtempSync(prefix)
    const path = join(folder, HELD)
    const release = tryHold(path)
    if (existsSync(path)) return { folder, release }
    release()
    // Another process took it for abandoned before it was held. A disk that is full lets nobody hold it.
    if (existsSync(folder)) return { folder, release() {} }
  }
}

/** In a file system without locks nobody holds a folder, so nobody finds it abandoned. */
function tryHold(path: string): () => void {
  try {
    return hold(path, WAIT_MS)
  } catch {
    return () => undefined
  }
}

function hold(path: string | URL, timeout: number): () => void {
  const file = new DatabaseSync(path, { timeout })
  try {
    // A journal in memory leaves no file behind.
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    throw error
  }
  return () => {
    if (file.isOpen) file.close()
  }
}

/** What tells that it is abandoned goes last, so that an interrupted deletion can be repeated. */
function removeWhole(folder: string): void {
  for (const name of namesIn(folder)) {
    if (name !== HELD) rmSync(join(folder, name), { recursive: true, force: true })
  }
  rmSync(folder, { recursive: true, force: true })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Missing, or of another user.
    return []
  }
}
