import { readFileSync } from 'node:fs'

export interface Build {
  version: string
  commit: string | null
  builtAt: string | null
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** From source. The build replaces this module (tools/build/bundle.ts). */
export const BUILD: Build = { version, commit: null, builtAt: null }
