import { fileURLToPath } from 'node:url'

/** Arguments for Node that start the reader of copies. The build replaces this module: a single file starts itself. */
export const INSPECTION_PROGRAM: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('./inspection-worker.ts', import.meta.url)),
]
