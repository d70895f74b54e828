import { parseEnv } from 'node:util'
import { type Environment, readEnvLayer } from './env-layer.ts'
import type { Candidate, Layer } from './layer.ts'
import { type Problem, problemAt } from './problem.ts'
import { findKey, type Key } from './schema.ts'
import { readText, warnOfReaders, warnOfWriters } from './value-file.ts'
import { nameOfSource, type ValueSource } from './value-source.ts'

/** Reads the flags of the command line, by key. The commands declare their flags, so an unknown key is a bug. */
export function readFlagLayer(flags: Readonly<Record<string, string | number | boolean>>): Layer {
  const candidates = Object.entries(flags).map(([name, value]) => {
    const key = findKey(name)
    if (!key) throw new Error(`no such key: ${name}`)
    return { key, value, isText: true, source: { kind: 'flag' } as const }
  })
  return { candidates, problems: [], warnings: [] }
}

/** Reads a `.env`, if it exists. It may contain variables of other programs, so only the names of authd are read. */
export function readDotenvLayer(path: string | undefined, cwd: string, texts: Map<string, string>): Layer {
  const text = path && readText(path)
  if (!path || !text) return { candidates: [], problems: [], warnings: [] }
  texts.set(path, text)
  const env: Environment = parseEnv(text)
  const sourceOf = (name: string): ValueSource => ({ kind: 'dotenv', name, path, ...placeOf(text, name) })
  const layer = readEnvLayer(env, sourceOf, cwd)
  const held = layer.candidates.filter(({ source }) => !('readFrom' in source))
  const warnings = held.flatMap(({ key }) => warnOfReaders(path, key))
  const cut = layer.candidates.flatMap(({ key, source }) => warnOfCut(text, key, source))
  const open = layer.candidates.filter(({ source }) => isQuoteOpen(text, source))
  return {
    candidates: layer.candidates.filter((candidate) => !open.includes(candidate)),
    problems: [...layer.problems, ...open.map(refuseOpenQuote)],
    warnings: [...warnOfWriters(path), ...layer.warnings, ...warnings, ...cut],
  }
}

/** parseEnv takes an opening quote that nothing closes as a part of the value. */
function isQuoteOpen(text: string, source: ValueSource): boolean {
  if (source.kind !== 'dotenv') return false
  const [first = '', ...below] = text.split('\n').slice(source.line - 1)
  const written = [first.replace(/^[^=]*=\s*/, ''), ...below].join('\n')
  const [quote = ''] = written
  return /["'`]/.test(quote) && !written.slice(1).includes(quote)
}

function refuseOpenQuote({ key, source }: Candidate): Problem {
  const message = `${nameOfSource(source, key.key)}: the quotes are not closed`
  return problemAt(source, { key: key.key, message, suggestion: 'Close them in the same line' })
}

/** Without quotes, `#` begins a comment. A value that has it in the middle, or a secret, was hardly meant to end there. */
function warnOfCut(text: string, key: Key, source: ValueSource): Problem[] {
  if (source.kind !== 'dotenv') return []
  const written = text.split('\n')[source.line - 1]?.replace(/^[^=]*=\s*/, '') ?? ''
  const isCut = /^[^"'`#\s][^#]*#/.test(written) && (key.secret || /\S#/.test(written))
  if (!isCut) return []
  const message = `${source.name}: the value ends at #, which begins a comment`
  return [problemAt(source, { key: key.key, message, suggestion: `Put it in quotes: ${source.name}='…'` })]
}

/** If two lines have the same name, the last one counts, as in parseEnv. */
function placeOf(text: string, name: string) {
  const lines = text.split('\n')
  const line = lines.findLastIndex((one) => new RegExp(`^\\s*(export\\s+)?${name}\\s*=`).test(one))
  const column = (lines[line] ?? '').indexOf('=') + 2
  return { line: line + 1, column }
}
