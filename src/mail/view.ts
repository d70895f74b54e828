import type { Mail } from '../deps.ts'
import type { MailTemplate } from '../mails.ts'
import type { SentenceValues, Translator } from '../platform/texts/translate.ts'

/** What a mail says about who sends it. */
export interface MailApp {
  name: string
  supportUrl?: string | undefined
}

/** What a layout shows. Each name that it uses is there, if only as undefined. */
export interface View extends SentenceValues {
  subject: string
  /** The first words that a mailbox shows after the subject. */
  preheader: string
  /** Why this mail was sent. */
  footer: string
}

/** From the values that a flow gave to what a layout shows. */
export type ViewOf = (template: MailTemplate, values: Mail['values'], app: MailApp, translate: Translator) => View
