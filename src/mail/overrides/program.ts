import { fileURLToPath } from 'node:url'

/** How to start the compiler of an operator's texts with this Node. The build replaces this module: a single file starts itself. */
export const OVERRIDE_PROGRAM: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('./worker.ts', import.meta.url)),
]
