import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface FileOptions {
  /** Whatever the umask says. */
  mode: number
  /** Group of the file. By default the group of its maker. */
  gid?: number | undefined
}

/**
 * Creates a file with its whole text, or none at all. Returns false if the path is taken, also by a symbolic link. If
 * several processes try, one succeeds.
 */
export function createFile(path: string, text: string | Uint8Array, options: FileOptions): boolean {
  try {
    place(path, text, options, linkSync)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Like `createFile`, but replaces what is at the path. A symbolic link there is replaced, not followed. */
export function replaceFile(path: string, text: string | Uint8Array, options: FileOptions): void {
  place(path, text, options, renameSync)
}

/** A new file for a text that comes in parts, or after privileges are dropped. */
export interface NewFile {
  append(text: string): void
  close(): void
  /** Closes it empty, so that nobody takes a part for the whole. */
  discard(): void
}

/** Only its owner can access it. Throws EEXIST if the path is taken, also by a symbolic link. */
export function openNewFile(path: string): NewFile {
  const fd = openNew(path)
  return {
    append: (text) => writeFileSync(fd, text),
    close: () => closeSync(fd),
    discard() {
      ftruncateSync(fd)
      closeSync(fd)
    },
  }
}

function openNew(path: string): number {
  return openSync(path, 'wx', 0o600)
}

/** The draft is in a private folder beside the path, so nobody else can put a link in its place. */
function place(
  path: string,
  text: string | Uint8Array,
  { mode, gid }: FileOptions,
  put: (from: string, to: string) => void,
): void {
  const folder = mkdtempSync(join(dirname(path), `.${basename(path)}-`))
  try {
    const draft = join(folder, 'draft')
    write(draft, text, (fd) => {
      if (gid !== undefined) fchownSync(fd, -1, gid)
      fchmodSync(fd, mode)
    })
    put(draft, path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  syncFolder(dirname(path))
}

function write(path: string, text: string | Uint8Array, prepare: (fd: number) => void): void {
  const fd = openNew(path)
  try {
    prepare(fd)
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Without it, a power cut could undo the new name. */
function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
