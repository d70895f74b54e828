import { AuthdError } from '../errors.ts'
import { unwritable } from '../flows/shown-error.ts'
import { type NewFile, openNewFile } from '../platform/files.ts'
import { deleteUnlessFinished } from '../platform/unfinished-file.ts'

/**
 * A new file for the output of a command, which only this user can read. Opened before privileges are dropped, and before
 * anything is recorded. If the command ends before it is closed, also by Ctrl-C, there is no file. Throws FILE_EXISTS,
 * NO_PERMISSION, OUTPUT_FAILED.
 */
export function newFile(path: string): NewFile {
  const file = openNew(path)
  // The service's user could not delete what root has made.
  const finish = process.getuid?.() === 0 ? deleteUnlessFinished(path) : undefined
  const discard = () => file.discard()
  process.once('exit', discard)
  const ended = (end: () => void) => () => {
    process.off('exit', discard)
    end()
  }
  const close = () => {
    file.close()
    finish?.()
  }
  return { append: file.append, close: ended(close), discard: ended(file.discard) }
}

function openNew(path: string): NewFile {
  try {
    return openNewFile(path)
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    if (isThere) throw new AuthdError('FILE_EXISTS', { message: `${path} is there already. Name a new file.`, cause })
    throw unwritable(path, cause)
  }
}

/** Does the work that writes the file. The file is complete, or discarded if the work fails. */
export async function writing(file: NewFile | undefined, work: () => Promise<void> | void): Promise<void> {
  try {
    await work()
  } catch (error) {
    file?.discard()
    throw error
  }
  file?.close()
}

/**
 * The format of an output: the one that --format names, else the one of the file's ending, else `usual`. Throws USAGE if
 * the file's ending belongs to another format. `endings`: formats by ending, without the dot.
 */
export function formatOf<Format extends string>(
  { format, output }: { format?: string | undefined; output?: string | undefined },
  { endings, usual }: { endings: Record<string, Format>; usual: Format },
): Format {
  const ending = /\.([a-z]+)$/i.exec(output ?? '')?.[1]?.toLowerCase() ?? ''
  const ofFile = Object.hasOwn(endings, ending) ? endings[ending] : undefined
  if (format === undefined || ofFile === undefined || format === ofFile) return (format as Format) ?? ofFile ?? usual
  throw new AuthdError('USAGE', {
    message: `${output} ends like ${ofFile}, but the format is ${format}. Name another file or format.`,
  })
}
