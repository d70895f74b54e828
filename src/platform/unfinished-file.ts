import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { basename, dirname } from 'node:path'

/** It holds the folder, so a link that later takes the folder's place changes nothing. */
const WATCH = 'read -r word; [ "$word" = finished ] || rm -f -- "./$0"'

/**
 * Deletes a file when this process ends, however it ends, unless the returned function was called before. A child does it,
 * with today's privileges: this process may drop its own. The child keeps stderr open, so that a reader of the output
 * meets the end after the deletion.
 */
export function deleteUnlessFinished(path: string): () => void {
  const child = spawn('/bin/sh', ['-c', WATCH, basename(path)], {
    cwd: dirname(path),
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  })
  // Without a shell, an unfinished file stays, and is empty.
  child.on('error', () => {})
  child.unref()
  const stdin = child.stdin as Socket
  stdin.on('error', () => {})
  stdin.unref()
  return () => stdin.end('finished\n')
}
