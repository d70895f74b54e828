import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { inPrivateFolder } from './private-folder.ts'

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

/**
 * Creates a file that something else fills, such as SQLite: whole or not at all, for its owner only. `fill` gets the path
 * of an empty draft. Returns false if the path is taken, also by a symbolic link.
 */
export async function createFileBy(path: string, fill: (draft: string) => Promise<void> | void): Promise<boolean> {
  const put = async (draft: string) => {
    await fill(draft)
    syncPath(draft, constants.O_RDWR)
    linkSync(draft, path)
  }
  try {
    await withDraft(dirname(path), `.${basename(path)}-`, put)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
  syncFolder(dirname(path))
  return true
}

/** An empty file for its owner only, in a private folder, for `work`. Both are deleted afterwards. */
export async function withDraft<Result>(
  parent: string,
  prefix: string,
  work: (draft: string) => Promise<Result>,
): Promise<Result> {
  return await inPrivateFolder(parent, prefix, async (folder) => {
    const draft = join(folder, 'draft')
    closeSync(openNew(draft))
    return await work(draft)
  })
}

/** Writes a file part by part: a new one for its owner only, or one that this process has made. */
export async function fillFile(path: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  await writeFile(path, parts, { mode: 0o600 })
}

/** A file that is opened now, maybe as root, and copied later. */
export interface OpenedFile {
  /** Creates the copy, for its owner only. Throws EEXIST if the path is taken. */
  copyTo(path: string): void
  /** All of it, from its start. */
  parts(): AsyncIterable<Uint8Array>
  /** All of it, or undefined if it has more than `most` bytes. */
  bytes(most: number): Buffer | undefined
  close(): void
}

const COPY_BYTES = 1 << 20

/** Opens a file, but nothing that a link leads to, and nothing that would make its reader wait, such as a pipe. */
export function openPlainFile(path: string): OpenedFile {
  const from = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if (!fstatSync(from).isFile()) {
    closeSync(from)
    throw new Error(`${path} is not a file`)
  }
  return {
    copyTo(path) {
      const to = openNew(path)
      try {
        const part = Buffer.alloc(COPY_BYTES)
        for (let at = 0, read = 1; read > 0; at += read) {
          read = readSync(from, part, 0, COPY_BYTES, at)
          for (let done = 0; done < read; ) done += writeSync(to, part, done, read - done)
        }
        fsyncSync(to)
      } finally {
        closeSync(to)
      }
    },
    parts: () => createReadStream('', { fd: from, autoClose: false, start: 0 }),
    bytes(most) {
      const part = Buffer.alloc(Math.min(fstatSync(from).size, most) + 1)
      let length = 0
      for (let read = 1; read > 0 && length < part.length; length += read) {
        read = readSync(from, part, length, part.length - length, length)
      }
      return length > most ? undefined : part.subarray(0, length)
    },
    close: () => closeSync(from),
  }
}

/** The last bytes of a file, as text. */
export function endOfFile(path: string, most: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const { size } = fstatSync(fd)
    const part = Buffer.alloc(Math.min(size, most))
    const read = readSync(fd, part, 0, part.length, size - part.length)
    return part.toString('utf8', 0, read)
  } finally {
    closeSync(fd)
  }
}

/** An input that a command names: opened now, maybe as root, and read later in parts. */
export interface OpenedInput {
  /** Whether it can be read again from its start. A pipe cannot. */
  isRepeatable: boolean
  /** All of it, from the start of a file. */
  parts(): AsyncIterable<Buffer>
}

/** Opens a file, a link to one, or a pipe, until the process ends. Throws for a folder. */
export function openInput(path: string): OpenedInput {
  const fd = openSync(path, 'r')
  const status = fstatSync(fd)
  if (status.isDirectory()) {
    closeSync(fd)
    throw new Error(`${path} is a folder`)
  }
  const isRepeatable = status.isFile()
  return {
    isRepeatable,
    parts: () => createReadStream('', { fd, autoClose: false, ...(isRepeatable && { start: 0 }) }),
  }
}

/**
 * Puts a whole file in the place of a database. What is there keeps existing under the name `kept`, and so do its logs,
 * which would damage the new one. Returns the paths of what was kept. An empty file is replaced without a trace.
 */
export function replaceDatabase(draft: string, path: string, kept: string): string[] {
  const isKept = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
  if (isKept) linkSync(path, kept)
  const logs = ['-wal', '-journal'].filter((suffix) => existsSync(path + suffix))
  for (const suffix of logs) renameSync(path + suffix, kept + suffix)
  rmSync(`${path}-shm`, { force: true })
  syncPath(draft, constants.O_RDWR)
  renameSync(draft, path)
  syncFolder(dirname(path))
  return [...(isKept ? [kept] : []), ...logs.map((suffix) => kept + suffix)]
}

/** Sets the mode of a file or folder, but not of what a link leads to. */
export function setMode(path: string, mode: number): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    fchmodSync(fd, mode)
  } finally {
    closeSync(fd)
  }
}

/** A new file for a text that comes in parts, or after privileges are dropped. */
export interface NewFile {
  append(text: string | Uint8Array): void
  close(): void
  /** Deletes it, or leaves it empty where this user may not delete: nobody takes a part for the whole. */
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
      deleteOwn(fd, path)
      closeSync(fd)
    },
  }
}

/** Deletes the file, unless another has taken its name. */
function deleteOwn(fd: number, path: string): void {
  try {
    if (lstatSync(path).ino === fstatSync(fd).ino) rmSync(path)
  } catch {
    // Its folder is not this user's.
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
  const folder = draftFolder(path)
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

function draftFolder(path: string): string {
  return mkdtempSync(join(dirname(path), `.${basename(path)}-`))
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
  syncPath(path, constants.O_RDONLY | constants.O_DIRECTORY)
}

function syncPath(path: string, flags: number): void {
  const fd = openSync(path, flags)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
