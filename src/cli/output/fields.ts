import { AuthdError } from '../../errors.ts'
import { cleanJson } from './clean.ts'
import type { Column } from './column.ts'

/** The chosen fields of a value, or all of it. Throws USAGE for an unknown field. `fields`: what --fields says. */
export function pickedOf(value: object, fields: string | undefined): object {
  if (fields === undefined) return value
  const names = namesIn(fields)
  const unknown = names.find((name) => !Object.hasOwn(value, name))
  if (unknown !== undefined) {
    const known = Object.keys(value).join(',')
    throw new AuthdError('USAGE', { message: `--fields: unknown field "${unknown}". Available: ${known}.` })
  }
  return Object.fromEntries(names.map((name) => [name, (value as Record<string, unknown>)[name] ?? null]))
}

/** A column for each of the fields. */
export function fieldColumns<Row>(fields: string | undefined): Column<Row>[] {
  return namesIn(fields ?? '').map((name) => ({
    header: name.toUpperCase(),
    value: (row) => {
      const value = (row as Record<string, unknown>)[name]
      return typeof value === 'object' && value !== null ? cleanJson(value) : (value as string | undefined)
    },
  }))
}

function namesIn(fields: string): string[] {
  return fields.split(',').map((name) => name.trim())
}
