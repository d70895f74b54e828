import { dirname } from 'node:path'
import { configOf } from './config-values.ts'
import { type Candidate, resolvePath } from './layer.ts'
import { parseValue } from './parse-value.ts'
import { type Problem, problemAt } from './problem.ts'
import { type Config, KEYS, type Key } from './schema.ts'
import { nameOfSource, type ValueSource } from './value-source.ts'

export interface ResolveContext {
  isDev: boolean
  cwd: string
  /** The configuration file. */
  path?: string | undefined
  /** The content of each file, by path, for the lines that messages show. */
  texts: ReadonlyMap<string, string>
  /** Whether the files that a start needs are read, too. */
  checksFiles?: boolean | undefined
}

export interface Resolved {
  /** Complete only without problems. */
  config: Config
  sources: ReadonlyMap<string, ValueSource>
  /** Keys without a valid value. Problems that follow from them are not reported. */
  broken: ReadonlySet<string>
  /** Required keys that are not set. */
  missing: ReadonlySet<string>
  problems: Problem[]
}

/**
 * Takes the first candidate of each key, or else the default. In a running daemon live-config.ts lays the live settings
 * over it.
 */
export function resolveValues(candidates: readonly Candidate[], context: ResolveContext): Resolved {
  const values = new Map<string, unknown>()
  const sources = new Map<string, ValueSource>()
  const broken = new Set<string>()
  const missing = new Set<string>()
  const problems: Problem[] = []
  for (const key of KEYS) {
    const read = candidates.filter((candidate) => candidate.key === key).map((one) => readCandidate(one, context))
    const found = read.flatMap((one) => ('problem' in one ? [] : [one]))
    const [winner] = found
    const wrong = [...read.flatMap((one) => ('problem' in one ? [one.problem] : [])), ...conflicts(key, found, context)]
    problems.push(...wrong)
    if (wrong.length > 0) broken.add(key.key)
    if (winner) values.set(key.key, winner.value)
    else if (key.default !== undefined) values.set(key.key, key.kind.type.parse(key.default))
    sources.set(key.key, winner?.source ?? { kind: 'default' })
  }
  for (const key of KEYS) {
    if (values.get(key.key) !== undefined || broken.has(key.key)) continue
    const { isDev, cwd, path } = context
    const folder = path === undefined ? undefined : dirname(path)
    const serviceFolder = folder !== undefined && dirname(folder) === '/etc' ? folder : undefined
    const value = key.fallback?.of({ isDev, serviceFolder, value: (name) => values.get(name) })
    const isPath = key.kind.name === 'path' && typeof value === 'string'
    values.set(key.key, isPath ? resolvePath(value, { kind: 'default' }, cwd) : value)
    if (value !== undefined || !key.required) continue
    broken.add(key.key)
    missing.add(key.key)
    problems.push({ key: key.key, message: `${key.key} is missing`, suggestion: `Write ${sample(key)}` })
  }
  return { config: configOf(values), sources, broken, missing, problems }
}

interface Found {
  value: unknown
  source: ValueSource
}

function readCandidate(candidate: Candidate, { cwd, texts }: ResolveContext): Found | { problem: Problem } {
  const { key, source } = candidate
  const parsed = parseValue(candidate)
  if ('message' in parsed) {
    return { problem: problemAt(source, { key: key.key, ...parsed }, key.secret ? undefined : texts) }
  }
  const { value } = parsed
  if (key.kind.name !== 'path' || typeof value !== 'string') return { value, source }
  return { value: resolvePath(value, source, cwd), source }
}

/**
 * Two names in one layer must have the same value, and so must all sources of a secret: nobody should have to find out
 * which of two passwords is in use. Otherwise, the higher layer overrides the lower one.
 */
function conflicts(key: Key, found: readonly Found[], { texts }: ResolveContext): Problem[] {
  return found.flatMap((one) => {
    const rival = found.find((other) => key.secret || other.source.kind === one.source.kind)
    if (!rival || JSON.stringify(rival.value) === JSON.stringify(one.value)) return []
    const message = `${nameOfSource(rival.source, key.key)} and ${nameOfSource(one.source, key.key)} have different values`
    const problem = { key: key.key, message, suggestion: 'Keep one of them' }
    return [problemAt(one.source, problem, key.secret ? undefined : texts)]
  })
}

function sample({ key, name, section, example }: Key): string {
  return `${section ? `${key}` : name} = ${JSON.stringify(example)}`
}
