import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { templates } from '../../src/platform/texts/templates.ts'

export interface OwnTexts {
  templates: string
  locales: string
  /** Copies a built-in file to the operator's folder with one replacement. */
  change(file: string, part: string | RegExp, by: string, as?: string): string
  write(file: string, text: string): string
}

/** The two empty folders of an operator, removed after the test. */
export function ownTexts(): OwnTexts {
  const folder = mkdtempSync(join(tmpdir(), 'authd-texts-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const places = { templates: join(folder, 'templates'), locales: join(folder, 'locales') }
  for (const place of Object.values(places)) mkdirSync(place)
  const write = (file: string, text: string) => {
    const path = join(file.endsWith('.json') ? places.locales : places.templates, file)
    writeFileSync(path, text)
    return path
  }
  return {
    ...places,
    write,
    change(file, part, by, as = file) {
      const text = templates().mailSources[file] ?? ''
      const changed = text.replace(part, by)
      if (changed === text) throw new Error(`${file} does not hold ${part}`)
      return write(as, changed)
    },
  }
}
