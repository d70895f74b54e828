import type { GlobalFlags } from '../command.ts'
import type { Output } from './output.ts'

export interface Change {
  resource: object
  isChanged: boolean
  text: string
}

/** What a command did to each thing: the object after the change, and whether there was one. */
export function printChanges(out: Output, flags: GlobalFlags & { 'dry-run'?: boolean }, changes: Change[]): void {
  const isDry = flags['dry-run'] ?? false
  const values = changes.map(({ resource, isChanged }) => ({
    ...resource,
    changed: isChanged,
    ...(isDry && { dry_run: true }),
  }))
  const lines = changes.map(({ text }) => (isDry ? `would: ${text}` : text))
  const [only] = values
  if (only && values.length === 1) out.object(only, lines)
  else out.many(values, lines)
}
