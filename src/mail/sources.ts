import { templates } from '../platform/texts/templates.ts'
import { LAYOUTS } from './layouts.ts'

/** What `templates eject` takes: our files, and single mails, whose files begin as copies of their layout's. */
export function sourceNames(): string[] {
  const own = Object.keys(templates().mailSources).map((file) => file.replace(/\.\w+$/, ''))
  return [...new Set([...own, ...Object.keys(LAYOUTS)])]
}

/** File → text; undefined: there is no such name. */
export function sourcesOf(name: string): Record<string, string> | undefined {
  const { mailSources } = templates()
  const layout = new Map<string, string>(Object.entries(LAYOUTS)).get(name) ?? name
  const files = ['mjml', 'txt'].flatMap((extension) => {
    const text = mailSources[`${layout}.${extension}`]
    return text === undefined ? [] : [[`${name}.${extension}`, text] as const]
  })
  return files.length === 0 ? undefined : Object.fromEntries(files)
}
