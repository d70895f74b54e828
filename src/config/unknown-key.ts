import { closest } from '../platform/closest.ts'
import { fileNames } from './names.ts'
import type { Problem } from './problem.ts'
import { KEYS, type Key, SECTION_TEXTS } from './schema.ts'

/** Reports an unknown name, and what was probably meant. */
export function refuseUnknownKey(name: string, isTable: boolean): Required<Pick<Problem, 'message' | 'suggestion'>> {
  const [section = '', ...rest] = name.split('.')
  const inner = rest.join('.')
  if (inner) {
    return { message: `unknown key "${inner}" in [${section}]`, suggestion: suggestInSection(section, inner) }
  }
  if (SECTION_TEXTS.has(section)) {
    const suggestion = `Write [${section}] on its own line, and its keys below`
    return { message: `"${section}" is a section, not a value`, suggestion }
  }
  return { message: `unknown key "${name}" at the top level`, suggestion: suggestAtTop(name, isTable) }
}

function suggestInSection(section: string, name: string): string {
  const prefix = `${section}.`
  const names = fileNames().flatMap((row) => (row.name.startsWith(prefix) ? [row.name.slice(prefix.length)] : []))
  const near = closest(name, names)
  if (near) return `Did you mean "${near}"?`
  const elsewhere = findElsewhere(name)
  if (!elsewhere) return `Its keys are ${names.join(', ')}`
  return elsewhere.section
    ? `Write ${elsewhere.name} below [${elsewhere.section}]`
    : `Write ${elsewhere.name} at the top, before any section`
}

function suggestAtTop(name: string, isTable: boolean): string {
  const sections = [...SECTION_TEXTS.keys()]
  const names = fileNames().flatMap((row) => (row.name.includes('.') ? [] : [row.name]))
  const near = closest(name, isTable ? sections : [...names, ...sections])
  if (near) return `Did you mean "${near}"?`
  const elsewhere = findElsewhere(name)
  return elsewhere ? `Did you mean "${elsewhere.key}"?` : 'Remove it; "authd config reference" lists all keys'
}

/** The key that has this name elsewhere. */
function findElsewhere(name: string): Key | undefined {
  return KEYS.find((key) => key.credential === name || key.established === name || key.name === name)
}
