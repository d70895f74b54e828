import { declaredMail, mailTemplates } from '../mails.ts'
import { templates } from '../platform/texts/templates.ts'

/**
 * The names that `templates eject` accepts: built-in files, and single mails. A mail's files start as copies of its
 * layout's.
 */
export function sourceNames(): string[] {
  const own = Object.keys(templates().mailSources).map((file) => file.replace(/\.\w+$/, ''))
  return [...new Set([...own, ...mailTemplates])]
}

/** Returns the text of each file of a name, or undefined for an unknown name. */
export function sourcesOf(name: string): Record<string, string> | undefined {
  const { mailSources } = templates()
  const template = mailTemplates.find((known) => known === name)
  const layout = template === undefined ? name : declaredMail(template).layout
  const files = ['mjml', 'txt'].flatMap((extension) => {
    const text = mailSources[`${layout}.${extension}`]
    return text === undefined ? [] : [[`${name}.${extension}`, text] as const]
  })
  return files.length === 0 ? undefined : Object.fromEntries(files)
}
