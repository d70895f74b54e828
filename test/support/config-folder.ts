import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { inspectConfig, type LoadInput, loadConfig } from '../../src/config/load.ts'

/** The required keys outside development mode. */
export const NEEDED = `public_url = "https://auth.example.com"
smtp.host = "smtp.example.com"
mail.from = "no-reply@example.com"
`

export interface Folder {
  path: string
  write(name: string, text: string, mode?: number): string
  /** Nothing else is visible: no environment and no other files. */
  load(input?: LoadInput): ReturnType<typeof loadConfig>
  inspect(input?: LoadInput): ReturnType<typeof inspectConfig>
}

/** An empty working directory for loading a configuration, removed after the test. */
export function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'authd-config-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  const surroundings = { env: {}, cwd: path, uid: 1000, systemDir: join(path, 'etc') }
  return {
    path,
    write(name, text, mode = 0o600) {
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
      chmodSync(file, mode)
      return file
    },
    load: (input) => loadConfig({ ...surroundings, ...input }),
    inspect: (input) => inspectConfig({ ...surroundings, ...input }),
  }
}
