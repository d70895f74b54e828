import type { Mail } from '../deps.ts'
import type { MailTemplate } from '../mails.ts'
import type { SentenceValues, Translator } from '../platform/texts/translate.ts'

/** What a mail says about its sender. */
export interface MailApp {
  name: string
  supportUrl?: string | undefined
  /** `#402090` */
  accent?: string | undefined
  /** A PNG image. */
  logo?: Buffer | undefined
}

/** The values of a layout. Every name that the layout uses exists, if only as undefined. */
export interface View extends SentenceValues {
  subject: string
  /** The words that a mailbox shows after the subject. */
  preheader: string
  /** Says why the mail was sent. */
  footer: string
}

/** Turns the values of a flow into the values of a layout. */
export type ViewOf = (template: MailTemplate, values: Mail['values'], app: MailApp, translate: Translator) => View
