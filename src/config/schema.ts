import type { Field, Section } from './key-declaration.ts'
import { SECTIONS } from './sections.ts'
import { TOP } from './server-keys.ts'

type Camel<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name

type ValuesOf<Fields> = {
  readonly [Name in keyof Fields as Camel<Name & string>]: Fields[Name] extends Field<infer Value> ? Value : never
}

type SectionsOf<All> = {
  readonly [Name in keyof All as Camel<Name & string>]: All[Name] extends Section<infer Fields>
    ? ValuesOf<Fields>
    : never
}

/**
 * The configuration as the program sees it, frozen. Names are those of the file, in camelCase; durations are
 * milliseconds.
 */
export type Config = ValuesOf<typeof TOP> & SectionsOf<typeof SECTIONS>

/** One row of the table of all keys. */
export interface Key extends Field<unknown> {
  /** `smtp.host`, the name in every message. */
  readonly key: string
  /** Empty for keys outside any section. */
  readonly section: string
  readonly name: string
  /** `AUTHD_SMTP_HOST` */
  readonly env: string
  /** `smtp_password`: its file in `$CREDENTIALS_DIRECTORY`. */
  readonly credential: string
}

/** Section name → its description, in the order of the documentation. */
export const SECTION_TEXTS: ReadonlyMap<string, string> = new Map(
  Object.entries(SECTIONS).map(([name, { text }]) => [name, text]),
)

/** All keys, in the order of the documentation. */
export const KEYS: readonly Key[] = [
  ...rowsOf('', TOP),
  ...Object.entries(SECTIONS).flatMap(([name, { fields }]) => rowsOf(name, fields)),
]

export function findKey(key: string): Key | undefined {
  return KEYS.find((row) => row.key === key)
}

/** `smtp.max_connections` → `['smtp', 'maxConnections']`: its place in a Config. */
export function placeInConfig({ section, name }: Key): string[] {
  return [section, name].filter((part) => part !== '').map(camel)
}

function rowsOf(section: string, fields: Record<string, Field<unknown>>): Key[] {
  return Object.entries(fields).map(([name, field]) => {
    const credential = section ? `${section}_${name}` : name
    const key = section ? `${section}.${name}` : name
    return { ...field, key, section, name, env: `AUTHD_${credential.toUpperCase()}`, credential }
  })
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
