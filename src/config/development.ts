import { type Searched, searchConfig } from './discover.ts'
import { type Environment, findVariable } from './env-layer.ts'
import { type Loaded, type LoadInput, loadConfig } from './load.ts'

export interface Surroundings {
  env: Environment
  cwd: string
  pid: number
  configPath?: string | undefined
  systemDir?: string | undefined
}

/** `serve` without `--dev` uses development mode only if authd is not configured, and never as a service. */
export function mayDevelop({ env, cwd, pid, configPath, systemDir }: Surroundings): boolean {
  if (configPath !== undefined || env['INVOCATION_ID'] || pid === 1) return false
  return !isConfigured({ env, cwd, systemDir })
}

/** An authd variable is set, or a configuration file exists. Then `serve` does not choose development mode. */
export function isConfigured({ env, cwd, systemDir = '/etc/authd' }: Omit<Surroundings, 'pid'>): boolean {
  const files: Searched[] = searchConfig({ env, cwd, configPath: undefined, systemDir })
  return findVariable(env) !== undefined || files.some(({ exists }) => exists)
}

/** The configuration of development mode: no file, this machine only, `./authd-data`, and mails in the terminal. */
export function developmentConfig(input: Omit<LoadInput, 'dev' | 'configPath'> = {}): Loaded {
  return loadConfig({ ...input, dev: true })
}
