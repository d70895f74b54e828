import { closest } from '../platform/closest.ts'
import { fileNames } from './names.ts'
import type { Problem } from './problem.ts'
import { KEYS, type Key, SECTION_TEXTS } from './schema.ts'

/** How other programs name the address and port to listen on. */
const LISTEN = /^(?:server\.)?(?:listen|bind|address|addr)$/
const HOST_AND_PORT = 'Write host = "127.0.0.1" and port = 3000 below [server]'

/** Reports an unknown name, and what was probably meant. */
export function refuseUnknownKey(name: string, isTable: boolean): Required<Pick<Problem, 'message' | 'suggestion'>> {
  const [section = '', ...rest] = name.split('.')
  const inner = rest.join('.')
  if (inner) {
    const suggestion = LISTEN.test(name) ? HOST_AND_PORT : suggestInSection(section, inner)
    return { message: `unknown key "${inner}" in [${section}]`, suggestion }
  }
  if (SECTION_TEXTS.has(section)) {
    const suggestion = `Write [${section}] on its own line, and its keys below`
    return { message: `"${section}" is a section, not a value`, suggestion }
  }
  return {
    message: `unknown key "${name}" at the top level`,
    suggestion: LISTEN.test(name) ? HOST_AND_PORT : suggestAtTop(name, isTable),
  }
}

function suggestInSection(section: string, name: string): string {
  const prefix = `${section}.`
  const names = fileNames().flatMap((row) => (row.name.startsWith(prefix) ? [row.name.slice(prefix.length)] : []))
  const near = closest(name, names)
  if (near) return `Did you mean "${near}"?`
  const elsewhere = listElsewhere(name)
  if (elsewhere.length === 0) return `Its keys are ${names.join(', ')}`
  const places = elsewhere.map((key) => (key.section ? `below [${key.section}]` : 'at the top, before any section'))
  return `Write ${elsewhere[0]?.name} ${orOf(places)}`
}

function suggestAtTop(name: string, isTable: boolean): string {
  const sections = [...SECTION_TEXTS.keys()]
  const names = fileNames().flatMap((row) => (row.name.includes('.') ? [] : [row.name]))
  const near = closest(name, isTable ? sections : [...names, ...sections])
  if (near) return `Did you mean "${near}"?`
  const elsewhere = listElsewhere(name).map(({ key }) => `"${key}"`)
  return elsewhere.length > 0
    ? `Did you mean ${orOf(elsewhere)}?`
    : 'Remove it; "authd config reference" lists all keys'
}

/** The keys that have this name elsewhere. */
function listElsewhere(name: string): Key[] {
  return KEYS.filter((key) => [key.credential, key.established, key.name].includes(name))
}

function orOf(choices: readonly string[]): string {
  return [choices.slice(0, -1).join(', '), ...choices.slice(-1)].filter((part) => part !== '').join(' or ')
}
