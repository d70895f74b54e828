import { z } from 'zod'
import { shell } from '../platform/shell.ts'
import type { Applies } from './key-declaration.ts'
import { environmentNames, fileNames } from './names.ts'
import type { Problem } from './problem.ts'
import { findKey, KEYS, type Key, SECTION_TEXTS } from './schema.ts'
import { toToml } from './toml-value.ts'

const EFFECT: Record<Applies, string> = {
  restart: 'at the next start',
  reload: 'at a reload (SIGHUP)',
  live: 'at a reload (SIGHUP), or at once by "authd settings set"',
}

/** The default as written in the file, or undefined for keys without one. */
export function defaultOf(key: Key): string | undefined {
  return key.default === undefined ? key.fallback?.text : toToml(key.default)
}

/** The text of `authd config reference KEY`. */
export function describeKey(key: Key): string {
  const env = [key.env, ...(key.established ? [key.established.toUpperCase()] : [])]
  const rows = [
    ['allowed', key.kind.expects],
    ['default', defaultOf(key) ?? (key.required ? 'none, required' : 'not set')],
    ['environment', env.join(' or ')],
    ...(key.secret ? [['from a file', `${key.section ? `${key.key}` : key.name}_file, ${key.env}_FILE`]] : []),
    ...(key.secret ? [['credential', key.credential]] : []),
    ['takes effect', EFFECT[key.applies]],
  ]
  return [key.key, `  ${key.text}`, ...rows.map(([label = '', text]) => `  ${label.padEnd(13)} ${text}`)].join('\n')
}

/** The keys of one section, or all of them. */
export function describeKeys(section?: string): string {
  return KEYS.filter((key) => section === undefined || key.section === section)
    .map(describeKey)
    .join('\n\n')
}

/** The command that describes the key of the first problem, or the section that an unknown key is in, or all keys. */
export function referenceFor(problems: readonly Problem[]): string {
  const topics = problems.flatMap(({ key }) => [key, key.split('.')[0] ?? ''])
  return shell`authd config reference ${topics.filter(isTopic).slice(0, 1)}`
}

/** A key or a section, as `authd config reference` takes it. */
function isTopic(name: string): boolean {
  return findKey(name) !== undefined || SECTION_TEXTS.has(name)
}

/** The JSON Schema of one section. */
export function sectionJsonSchema(name: string): Record<string, unknown> {
  return z.toJSONSchema(sectionSchema(name), { io: 'input' })
}

/** The JSON Schema of config.toml, with which editors complete and check it. */
export function configJsonSchema(): Record<string, unknown> {
  const sections = [...SECTION_TEXTS.keys()].map((name): [string, z.ZodType] => [name, sectionSchema(name).optional()])
  const top = shapeOf(fileNames().filter(({ name }) => !name.includes('.')))
  const schema = z.strictObject({ ...top, ...Object.fromEntries(sections) })
  return { ...z.toJSONSchema(schema, { io: 'input' }), title: 'authd configuration' }
}

function sectionSchema(name: string): z.ZodType {
  const names = fileNames().filter(({ name: one }) => one.startsWith(`${name}.`))
  return z.strictObject(shapeOf(names)).describe(SECTION_TEXTS.get(name) ?? '')
}

/** Durations are text in the file, although the program uses milliseconds. */
const DURATION = z.string().regex(/^(0|\d+(ms|s|m|h|d|w))$/)

function shapeOf(names: ReturnType<typeof fileNames>): Record<string, z.ZodType> {
  return Object.fromEntries(
    names.map(({ name, key, isFile }) => {
      const type = isFile ? z.string() : key.kind.name === 'duration' ? DURATION : key.kind.type
      const meta = { description: key.text, ...(!isFile && key.default !== undefined && { default: key.default }) }
      return [name.slice(name.indexOf('.') + 1), type.optional().meta(meta)]
    }),
  )
}

export interface Variable {
  name: string
  key: string
  isSet: boolean
}

/** Every environment variable and its key, for `authd config env`. */
export function listVariables(env: Readonly<Record<string, string | undefined>>): Variable[] {
  return environmentNames().map(({ name, key }) => ({ name, key: key.key, isSet: Boolean(env[name]) }))
}
