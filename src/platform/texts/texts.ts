import { type MailTemplates, type Sentences, templates } from './templates.ts'

/** The texts of pages and mails: built-in, with an operator's overrides. */
export interface Texts {
  /** By language. */
  locales: Record<string, Sentences>
  /** Returns a mail's own templates, or those of its layout. */
  mail(template: string, layout: string): Promise<MailTemplates>
}

/** The current texts. A reload replaces them. */
export interface LiveTexts {
  current(): Texts
}

export function builtInTexts(): Texts {
  const { locales, mail } = templates()
  return { locales, mail: (_, layout) => mail(layout) }
}
