import { fromPrecompiled, type MailTemplates, type Sentences } from '../../platform/texts/templates.ts'
import { builtInTexts, type Texts } from '../../platform/texts/texts.ts'
import type { PrecompiledMail } from './compile.ts'

/** The built-in texts, with an operator's mails and sentences in place of theirs. */
export function textsFrom({
  mails,
  locales,
}: {
  mails: Record<string, PrecompiledMail>
  locales: Record<string, Sentences>
}): Texts {
  const own = builtInTexts()
  const ready = new Map<string, Partial<MailTemplates>>()
  const readied = (name: string): Partial<MailTemplates> => {
    const known = ready.get(name)
    if (known) return known
    const { html, text } = mails[name] ?? {}
    const made = { ...(html && { html: fromPrecompiled(html) }), ...(text && { text: fromPrecompiled(text) }) }
    ready.set(name, made)
    return made
  }
  return {
    locales,
    async mail(template, layout) {
      const builtIn = await own.mail(template, layout)
      return { ...builtIn, ...readied(layout), ...readied(template) }
    },
  }
}
