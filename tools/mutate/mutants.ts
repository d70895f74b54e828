import { type Node, parseSync } from 'oxc-parser'

interface Span {
  start: number
  end: number
}

/** One small change to a source that a test should notice. */
export interface Mutant extends Span {
  /** What stands there instead. */
  text: string
  line: number
  /** From 1. */
  column: number
  /** Where the choice between the source and the mutant goes. */
  place: Place
}

/** Before the first statement of a body, before the expression that is a statement, or around an expression. */
interface Place extends Span {
  kind: 'body' | 'statement' | 'expression'
}

const SWAPPED: Record<string, string[]> = {
  '<': ['<='],
  '<=': ['<'],
  '>': ['>='],
  '>=': ['>'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
}

/** The mutants of a TypeScript source, in the order of their places. Throws SyntaxError if it does not parse. */
export function mutantsOf(source: string): Mutant[] {
  const { program, errors } = parseSync('file.ts', source)
  if (errors.length > 0) throw new SyntaxError(errors[0]?.message)
  const found: Mutant[] = []
  walk(program, (node) => {
    for (const { at = node, text, place = at, kind = 'expression' } of changesOf(node, source)) {
      const before = source.slice(0, at.start).split('\n')
      const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1]
      found.push({
        start: at.start,
        end: at.end,
        text,
        line,
        column,
        place: { start: place.start, end: place.end, kind },
      })
    }
  })
  return found.sort((left, right) => left.start - right.start)
}

/** The mutant that replaces this part of an expression. Throws if the source has it not exactly once. */
export function handMade(source: string, { before, after }: { before: string; after: string }): Mutant {
  const start = source.indexOf(before)
  if (start === -1 || source.includes(before, start + 1)) throw new Error(`${before} must be there once`)
  const end = start + before.length
  let place: Place | undefined
  let statement: Span | undefined
  walk(parseSync('file.ts', source).program, (node) => {
    if (node.type === 'ExpressionStatement') statement = node.expression
    // A node is seen after those around it, so the last one that covers the part is the smallest.
    if (node.start > start || node.end < end || !/Expression$|Literal$/.test(node.type)) return
    const isStatement = statement?.start === node.start && statement.end === node.end
    place = { start: node.start, end: node.end, kind: isStatement ? 'statement' : 'expression' }
  })
  if (!place) throw new Error(`${before} is not a part of an expression`)
  return { start, end, text: after, ...positionOf(source, start), place }
}

function positionOf(source: string, at: number): { line: number; column: number } {
  const lines = source.slice(0, at).split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

/** The source with one mutant in it. */
export function apply(source: string, { start, end, text }: Mutant): string {
  return source.slice(0, start) + (text.startsWith('{') ? `(${text})` : text) + source.slice(end)
}

/**
 * The source with all its mutants in it, each chosen at run time: `globalThis.mutant?.(n)` says whether the n-th is on.
 * n counts from `first`.
 */
export function switched(source: string, mutants: readonly Mutant[], first: number): string {
  const places = Map.groupBy(mutants.entries(), ([, { place }]) => `${place.start} ${place.end} ${place.kind}`)
  const inserted = [...places.values()].flatMap((those) => {
    const { start, end, kind } = (those[0] as [number, Mutant])[1].place
    const calls = those.map(([n, mutant]) => ({ call: `globalThis.mutant?.(${first + n})`, mutant }))
    if (kind === 'body')
      return [{ at: start, width: 0, text: calls.map(({ call }) => `if (${call}) return;`).join('') }]
    const [open, changed] =
      kind === 'statement'
        ? ['', (one: Mutant) => (one.text === ';' ? '0' : `(${changedPlace(source, one)})`)]
        : ['(', (one: Mutant) => `(${changedPlace(source, one)})`]
    const choices = calls.map(({ call, mutant }) => `${call} ? ${changed(mutant)} : `).join('')
    return [
      // Without a bracket: a line that starts with one would continue the line above it.
      { at: start, width: end - start + (kind === 'statement' ? 0.5 : 0), text: `${open}${choices}(` },
      { at: end, width: Number.POSITIVE_INFINITY, text: kind === 'statement' ? ')' : '))' },
    ]
  })
  // At one place, what closes comes first, and then the widest.
  inserted.sort((left, right) => left.at - right.at || (left.width < right.width ? 1 : -1))
  let done = 0
  const parts = inserted.map(({ at, text }) => {
    const before = source.slice(done, at)
    done = at
    return before + text
  })
  return parts.join('') + source.slice(done)
}

/** The text of the mutant's place with the mutant in it. */
function changedPlace(source: string, { start, end, text, place }: Mutant): string {
  return source.slice(place.start, start) + text + source.slice(end, place.end)
}

/** `before → after`: names the mutant without its line, so that the name stays true when lines move. */
export function nameOf(source: string, { start, end, text, place }: Mutant): string {
  const shown = start === end ? { start, end: source.indexOf('\n', start + 1) } : { start, end }
  const short = (code: string) => code.replace(/\s+/g, ' ').trim().slice(0, 90)
  const rest = source.slice(shown.start, place.kind === 'body' ? source.indexOf('\n', shown.end + 1) : shown.end)
  return `${short(rest)} → ${short(text)}`
}

interface Change {
  /** What is replaced, if it is not the whole node. */
  at?: Span
  text: string
  place?: Span
  kind?: Place['kind']
}

function changesOf(node: Node, source: string): Change[] {
  const textOf = ({ start, end }: Span) => source.slice(start, end)
  switch (node.type) {
    case 'BinaryExpression':
      return (SWAPPED[node.operator] ?? []).map((to) => ({
        text: `${textOf(node.left)} ${to} ${textOf(node.right)}`,
      }))
    case 'LogicalExpression':
      return [{ text: textOf(node.left) }, { text: textOf(node.right) }]
    case 'ConditionalExpression':
      return [{ text: textOf(node.consequent) }, { text: textOf(node.alternate) }]
    case 'UnaryExpression':
      return node.operator === '!' ? [{ text: textOf(node.argument) }] : []
    case 'IfStatement':
      return ['false', 'true'].map((text) => ({ at: node.test, text }))
    case 'ExpressionStatement':
      return 'directive' in node && node.directive != null
        ? []
        : [{ text: ';', place: node.expression, kind: 'statement' }]
    case 'ObjectExpression':
      return node.properties.length < 2 ? [] : node.properties.map((one) => ({ text: without(one, node, textOf) }))
    case 'ArrayExpression':
      return node.elements.flatMap((one) =>
        one?.type === 'Literal' && typeof one.value === 'string' ? [{ text: without(one, node, textOf) }] : [],
      )
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return returnsNothing(node.body) ? [earlyReturn(node.body)] : []
    case 'Literal':
      if (typeof node.value === 'boolean') return [{ text: String(!node.value) }]
      if (typeof node.value === 'number') return numbers(node.value).map((value) => ({ text: String(value) }))
      return typeof node.value === 'string' ? sqlChanges(node, source) : []
    case 'TemplateLiteral':
      return sqlChanges(node, source)
    default:
      return []
  }
}

function without(
  one: Span,
  list: Span & ({ properties: Span[] } | { elements: unknown[] }),
  textOf: (at: Span) => string,
) {
  const all = 'properties' in list ? list.properties : list.elements
  const rest = all.filter((other) => other !== one && other !== null).map((other) => textOf(other as Span))
  return 'properties' in list ? `{ ${rest.join(', ')} }` : `[${rest.join(', ')}]`
}

function numbers(value: number): number[] {
  return [...new Set([value + 1, ...(value > 0 ? [value - 1, 0] : [])])]
}

function returnsNothing(body: Node | null): body is Node & Span {
  if (body?.type !== 'BlockStatement' || body.body.length === 0) return false
  let isEmpty = true
  walk(body.body, (node) => {
    if (node.type === 'ReturnStatement' && node.argument !== null) isEmpty = false
  })
  return isEmpty
}

function earlyReturn({ start }: Span): Change {
  const at = { start: start + 1, end: start + 1 }
  return { at, text: ' return;', kind: 'body' }
}

const CLAUSE_ENDS = /^(?:AND|OR|ORDER|GROUP|LIMIT|RETURNING|FOR|ON|UNION)\b/

/** Makes each condition after WHERE and AND true, and moves each boundary. */
function sqlChanges(node: Span, source: string): Change[] {
  const text = source.slice(node.start, node.end)
  const changes: Change[] = []
  for (const { 0: word, index } of text.matchAll(/\b(?:WHERE|AND) (?!\$\{)/g)) {
    const start = index + word.length
    const condition = text.slice(start, endOfCondition(text, start)).trimEnd()
    const at = { start: node.start + start, end: node.start + start + condition.length }
    const before = text.slice(0, index)
    const isCode = before.split('{').length > before.split('}').length
    if (isCode || condition === '' || /\bBETWEEN\b/.test(condition)) continue
    // The condition stays, so that each value keeps its place.
    changes.push({ at, text: `(${condition} OR 1 = 1)`, place: node })
  }
  if (!/\b(?:SELECT|UPDATE|INSERT|DELETE|WHERE|AND)\b/.test(text)) return changes
  for (const { 0: sign, index } of text.matchAll(/ (?:<=?|>=?|IS NULL|IS NOT NULL)(?![\w>=])/g)) {
    const at = { start: node.start + index, end: node.start + index + sign.length }
    changes.push({ at, text: SQL_SWAPS[sign.trim()] ?? sign, place: node })
  }
  return changes
}

const SQL_SWAPS: Record<string, string> = {
  '<': ' <=',
  '<=': ' <',
  '>': ' >=',
  '>=': ' >',
  'IS NULL': ' IS NOT NULL',
  'IS NOT NULL': ' IS NULL',
}

function endOfCondition(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length - 1; at++) {
    const sign = text[at] ?? ''
    if (depth === 0 && (sign === ')' || (/\s/.test(text[at - 1] ?? '') && CLAUSE_ENDS.test(text.slice(at))))) return at
    if ('({'.includes(sign)) depth++
    if (')}'.includes(sign)) depth--
  }
  return text.length - 1
}

/** Calls `see` for each node of code, but not for types, imports, keys and patterns. */
function walk(node: unknown, see: (node: Node) => void): void {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, see)
    return
  }
  if (node === null || typeof node !== 'object' || !('type' in node)) return
  const { type } = node as Node
  const isWrapper = type === 'TSAsExpression' || type === 'TSSatisfiesExpression' || type === 'TSNonNullExpression'
  if ((type.startsWith('TS') && !isWrapper) || type.startsWith('Import') || type === 'ExportAllDeclaration') return
  see(node as Node)
  for (const [name, child] of Object.entries(node)) {
    if (!FIXED.has(name) && typeof child === 'object') walk(child, see)
  }
}

const FIXED = new Set(['key', 'typeAnnotation', 'typeArguments', 'typeParameters', 'returnType', 'quasi', 'source'])
