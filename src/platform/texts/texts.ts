import type { Sentences } from './sentences.ts'
import { type MailTemplates, templates } from './templates.ts'

/** What pages and mails say: ours, with what an operator has laid over it. */
export interface Texts {
  /** By language. */
  locales: Record<string, Sentences>
  /** Of a mail: its own templates, or those of its layout. */
  mail(template: string, layout: string): Promise<MailTemplates>
}

/** The texts in force; a reload replaces them. */
export interface LiveTexts {
  current(): Texts
}

export function builtInTexts(): Texts {
  const { locales, mail } = templates()
  return { locales, mail: (_, layout) => mail(layout) }
}
