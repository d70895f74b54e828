import { shell } from '../platform/shell.ts'
import { findContradictions, findDoubts } from './contradictions.ts'
import { joinLayers, type Layer } from './layer.ts'
import { findFileFaults } from './named-files.ts'
import { type Problem, problemAt } from './problem.ts'
import { type ResolveContext, resolveValues } from './resolve-values.ts'
import type { Finding } from './rule.ts'
import { type Config, findKey, KEYS } from './schema.ts'
import { readText } from './value-file.ts'
import { nameOfSource, type ValueSource } from './value-source.ts'

export interface Settled {
  config: Config
  sources: ReadonlyMap<string, ValueSource>
  problems: Problem[]
  warnings: Problem[]
}

/** Joins all layers, the highest first, into one configuration, with all problems and warnings. */
export function settle(layers: readonly Layer[], context: ResolveContext & { path: string | undefined }): Settled {
  const { candidates, problems, warnings, isIncomplete } = joinLayers(layers)
  const resolved = resolveValues(candidates, context)
  const { config, sources } = resolved
  // Unreadable keys cause no further messages, and an incomplete file cannot contradict itself.
  const unread = isIncomplete ? KEYS : problems
  const broken = new Set([...resolved.broken, ...unread.map(({ key }) => key)])
  const isSet = (key: string) => sources.get(key)?.kind !== 'default'
  const secretInFile = broken.has('secret_file') ? undefined : readServerSecret(config.secretFile)
  const facts = { isDev: context.isDev, isSet, serverSecret: config.secret ?? secretInFile }
  const place = (finding: Finding) => placeFinding(finding, sources.get(finding.key), context)
  return {
    config,
    sources,
    problems: inOrder([
      ...problems,
      ...resolved.problems.filter(({ key }) => !resolved.missing.has(key) || !unread.some((one) => one.key === key)),
      ...refuseTwoSecrets(config, sources, secretInFile),
      ...findContradictions(config, broken, facts).map(place),
      ...(context.checksFiles ? findFileFaults(config, broken).map(place) : []),
    ]),
    warnings: inOrder([...warnings, ...findDoubts(config, broken, facts).map(place)]),
  }
}

/** A missing key has no line, so its problem is reported at the configuration file. */
function placeFinding(finding: Finding, source: ValueSource | undefined, { path, texts }: Placing): Problem {
  const isSecret = findKey(finding.key)?.secret === true
  const isVariable = source?.kind === 'env' || source?.kind === 'dotenv'
  const said = isVariable && finding.suggestion ? { ...finding, suggestion: inVariables(finding) } : finding
  const placed = problemAt(source, said, isSecret ? undefined : texts)
  return placed.path === undefined && source?.kind === 'default' && path !== undefined ? { ...placed, path } : placed
}

/** `Write tls = "implicit"` for a value that a variable set: `Write AUTHD_SMTP_TLS=implicit`. */
function inVariables({ key, suggestion = '' }: Finding): string {
  const section = key.slice(0, key.lastIndexOf('.') + 1)
  return suggestion
    .replace(/\b([a-z][a-z0-9_]*) = (\[[^\]]*\]|"[^"]*"|[\w.]+)/g, (all, name: string, value: string) => {
      const variable = variableOf(section, name)
      return variable ? shell`${[`${variable}=${value.replace(/[[\]" ]/g, '')}`]}` : all
    })
    .replace(/ below \[\w+\]/, '')
}

function variableOf(section: string, name: string): string | undefined {
  const key = findKey(`${section}${name}`)
  if (key) return key.env
  const ofFile = name.endsWith('_file') ? findKey(`${section}${name.replace(/_file$/, '')}`) : undefined
  return ofFile && `${ofFile.env}_FILE`
}

type Placing = Pick<ResolveContext, 'texts'> & { path: string | undefined }

/** A user who may not read the server secret can still check the configuration. The secret is not compared then. */
function readServerSecret(path: string): string | undefined {
  try {
    return readText(path)?.trim()
  } catch {
    return undefined // startup/server-secret.ts reports it when the secret is needed.
  }
}

/** The server secret may be set as value and as file only if both are the same. */
function refuseTwoSecrets(config: Config, sources: Settled['sources'], inFile: string | undefined): Problem[] {
  const [value, file] = [sources.get('secret'), sources.get('secret_file')]
  if (!value || !file || value.kind === 'default' || file.kind === 'default' || config.secret === inFile) return []
  const message = `${nameOfSource(value, 'secret')} and ${nameOfSource(file, 'secret_file')} are different secrets`
  return [problemAt(value, { key: 'secret', message, suggestion: 'Keep one of them' })]
}

/** Sorts problems: first those without a file, then by file and line. Missing keys come last in their file. */
function inOrder(problems: Problem[]): Problem[] {
  return problems.sort(
    (left, right) =>
      (left.path ?? '').localeCompare(right.path ?? '') ||
      (left.line ?? Number.MAX_SAFE_INTEGER) - (right.line ?? Number.MAX_SAFE_INTEGER),
  )
}
