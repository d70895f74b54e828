import { fileURLToPath } from 'node:url'

/**
 * Arguments for Node that start the compiler of overrides. The build replaces this module: a single file starts itself.
 */
export const OVERRIDE_PROGRAM: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('./worker.ts', import.meta.url)),
]
