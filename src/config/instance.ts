import { existsSync } from 'node:fs'
import { inspectConfig, type Loaded, type LoadInput, refuseProblems } from './load.ts'

/** What a command acts on. */
export interface Instance extends Loaded {
  isDevelopment: boolean
  /** The data folder of an instance that it could have meant, too. */
  other: string | undefined
}

/**
 * The instance that a command acts on: that of a configuration file; without one that of `serve --dev` with the same
 * variables, if it has left a data folder; else that of the variables. Throws CONFIG_INVALID.
 */
export function findInstance(input: Omit<LoadInput, 'dev'>): Instance {
  const configured = inspectConfig(input)
  const { problems: others, ...development } = inspectConfig({ ...input, dev: true })
  // Opening the secret reports what is wrong with it.
  const isPossible = others.every(({ key }) => key === 'secret_file')
  const isLeft = isPossible && existsSync(development.config.dataDir)
  const isSame = development.config.dataDir === configured.config.dataDir
  if (isLeft && configured.path === undefined) {
    const other = configured.problems.length > 0 || isSame ? undefined : configured.config.dataDir
    return { ...development, isDevelopment: true, other }
  }
  const isNamed = ['--config', 'AUTHD_CONFIG'].includes(configured.searched[0]?.why ?? '')
  const other = isLeft && !isNamed && !isSame ? development.config.dataDir : undefined
  return { ...refuseProblems(configured, input), isDevelopment: false, other }
}
