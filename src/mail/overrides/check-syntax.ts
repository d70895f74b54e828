import Handlebars from 'handlebars'
import { closest } from '../../platform/closest.ts'
import { CONTENT } from '../../platform/texts/mjml-layout.ts'
import type { Sentences } from '../../platform/texts/templates.ts'
import type { OverrideFile, TextProblem } from './files.ts'

const HELPERS = ['t', 'if', 'unless', 'each', 'with']
/** The names of a row in `{{#each facts}}`. */
const IN_ROWS = ['label', 'fact']
const OF_APP = ['name', 'supportUrl', 'logo']

/** A part of a parsed template. Which of these it has depends on its type. */
interface Node {
  type: string
  loc: { start: { line: number } }
  path?: Node
  params?: Node[]
  hash?: unknown
  escaped?: boolean
  data?: boolean
  parts?: unknown[]
  original?: unknown
  value?: unknown
}

type Fault = Omit<TextProblem, 'path'>

/** Checks one file alone: its placeholders, and that its MJML tags match. */
export function checkSyntax(
  { name, path, text }: OverrideFile,
  { names, sentences }: { names: readonly string[]; sentences: Sentences },
): TextProblem[] {
  const faults = [
    ...(name.endsWith('.mjml') ? mjmlFaults(text) : []),
    ...(name === 'layout.mjml' ? contentFaults(text) : []),
    ...placeholderFaults(text, names, sentences),
  ]
  return faults.map((fault) => ({ path, ...fault }))
}

/** mjml accepts a document whose tags do not match, and drops parts of it. */
function mjmlFaults(text: string): Fault[] {
  const bare = text.replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ' '))
  const open: { tag: string; line: number }[] = []
  const faults: Fault[] = []
  for (const match of bare.matchAll(/<(\/?)(mj-[a-z-]+|mjml)\b(?:"[^"]*"|'[^']*'|[^>"'])*?(\/?)>/gi)) {
    const [, isEnd, name = '', isAlone] = match
    const [tag, line] = [name.toLowerCase(), bare.slice(0, match.index).split('\n').length]
    if (tag === 'mj-include') {
      faults.push({ line, message: '<mj-include> is not supported', suggestion: 'Put its content here' })
    } else if (isEnd) {
      const last = open.pop()
      if (last?.tag === tag) continue
      const message = last
        ? `<${last.tag}> of line ${last.line} is not closed before </${tag}>`
        : `</${tag}> has no opening tag`
      return [...faults, { line, message }]
    } else if (!isAlone) open.push({ tag, line })
  }
  return [...faults, ...open.slice(0, 1).map(({ tag, line }) => ({ line, message: `<${tag}> is not closed` }))]
}

function contentFaults(text: string): Fault[] {
  const count = text.split(CONTENT).length - 1
  if (count === 1) return []
  return [
    { message: `contains ${CONTENT} ${count} times`, suggestion: 'Write it once, where the content of the mail goes' },
  ]
}

function placeholderFaults(text: string, names: readonly string[], sentences: Sentences): Fault[] {
  try {
    return nodesOf(Handlebars.parse(text)).flatMap((node) => {
      const fault = faultOf(node, names, sentences)
      return fault ? [{ line: node.loc.start.line, ...fault }] : []
    })
  } catch (error) {
    const [first = '', ...rest] = (error instanceof Error ? error.message : String(error)).split('\n')
    const [, line] = /on line (\d+)/.exec(first) ?? /- (\d+):\d+$/.exec(first) ?? []
    const detail = rest.at(-1)?.replace(/^Expecting.*, got/, 'unexpected') ?? ''
    const message = `a placeholder cannot be read: ${line && detail ? detail : first.replace(/ - \d+:\d+$/, '')}`
    return [{ line: line === undefined ? undefined : Number(line), message }]
  }
}

function nodesOf(part: unknown): Node[] {
  if (typeof part !== 'object' || part === null) return []
  const own = 'type' in part && 'loc' in part && typeof part.type === 'string' ? [part as Node] : []
  return [...own, ...Object.entries(part).flatMap(([key, value]) => (key === 'loc' ? [] : nodesOf(value)))]
}

function faultOf(node: Node, names: readonly string[], sentences: Sentences): Fault | undefined {
  switch (node.type) {
    case 'PartialStatement':
    case 'PartialBlockStatement':
    case 'Decorator':
    case 'DecoratorBlock':
      return { message: 'a mail cannot include other templates', suggestion: 'Put the text here' }
    case 'MustacheStatement':
      return faultOfMustache(node, sentences)
    case 'BlockStatement':
    case 'SubExpression':
      return faultOfCall(node, sentences)
    case 'PathExpression':
      return faultOfPath(node, names)
    default:
      return undefined
  }
}

function faultOfMustache(node: Node, sentences: Sentences): Fault | undefined {
  const name = node.path?.original
  if (!node.escaped) {
    return { message: `{{{${name}}}} would be inserted as markup`, suggestion: `Write {{${name}}}` }
  }
  return node.params?.length || node.hash ? faultOfCall(node, sentences) : undefined
}

function faultOfCall({ path, params }: Node, sentences: Sentences): Fault | undefined {
  const helper = String(path?.original)
  if (!HELPERS.includes(helper)) {
    const near = closest(helper, HELPERS)
    const suggestion = near ? `Did you mean "${near}"?` : `The helpers are ${HELPERS.join(', ')}`
    return { message: `{{${helper} …}} is unknown`, suggestion }
  }
  const [first] = params ?? []
  const key = helper === 't' && first?.type === 'StringLiteral' ? String(first.value) : undefined
  if (key === undefined || Object.hasOwn(sentences, key)) return undefined
  const near = closest(key, Object.keys(sentences))
  return { message: `unknown text "${key}"`, suggestion: near && `Did you mean "${near}"?` }
}

function faultOfPath({ parts = [], data, original }: Node, names: readonly string[]): Fault | undefined {
  const [first, second] = parts.map(String)
  if (first === undefined || (HELPERS.includes(first) && parts.length === 1)) return undefined
  if (isKnown(first, second, { isData: data === true, names })) return undefined
  const all = [...names.filter((name) => name !== 'app'), ...OF_APP.map((name) => `app.${name}`)]
  const near = closest(String(original), [...all, ...IN_ROWS])
  const suggestion = near ? `Did you mean {{${near}}}?` : `Its values are ${all.join(', ')}`
  return { message: `this mail has no {{${original}}}`, suggestion }
}

function isKnown(
  first: string,
  second: string | undefined,
  { isData, names }: { isData: boolean; names: readonly string[] },
): boolean {
  if (isData) return ['index', 'first', 'last'].includes(first)
  if (first === 'app') return second === undefined || OF_APP.includes(second)
  return names.includes(first) || IN_ROWS.includes(first)
}
