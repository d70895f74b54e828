import type { z } from 'zod'
import type { Kind } from './kind.ts'

/** When a change of the key takes effect: at the next start, at SIGHUP, or at once with `authd settings`. */
export type Applies = 'restart' | 'reload' | 'live'

export interface FallbackContext {
  isDev: boolean
  /** The folder of the configuration, if it is one directly below /etc. */
  serviceFolder?: string | undefined
  /** The value of a key that is declared earlier. */
  value: (key: string) => unknown
}

/** A default that depends on other keys. */
export interface Fallback {
  /** Its description in the documentation. */
  text: string
  of: (context: FallbackContext) => unknown
}

export interface FieldOptions {
  /** The documentation of the key, for config.example.toml and the reference. */
  text: string
  applies: Applies
  /** As written in the file: `10m`, not milliseconds. */
  default?: unknown
  fallback?: Fallback
  /** Required, except in development. */
  required?: true
  /** Value in the example file for a key without a default. */
  example?: unknown
  /** Never shown. Can be read from a file or credential. */
  secret?: true
  /** An older name that still works: at the top level, and in capitals in the environment. */
  established?: string
}

export interface Field<T> extends FieldOptions {
  readonly kind: Kind<unknown>
  readonly type: z.ZodType<T>
}

type Given = { default: unknown } | { fallback: Fallback } | { required: true }

export function field<T, const Options extends FieldOptions>(
  kind: Kind<T>,
  options: Options,
): Field<Options extends Given ? T : T | undefined>
export function field<T>(kind: Kind<T>, options: FieldOptions): Field<T | undefined> {
  const isGiven = options.required || 'default' in options || 'fallback' in options
  return { ...options, kind, type: isGiven ? kind.type : kind.type.optional() }
}

export interface Section<Fields> {
  readonly text: string
  readonly fields: Fields
}

export function section<Fields extends Record<string, Field<unknown>>>(text: string, fields: Fields): Section<Fields> {
  return { text, fields }
}
