import type { Mailer } from '../deps.ts'
import { plain } from '../platform/plain-text.ts'
import type { LiveTexts } from '../platform/texts/texts.ts'
import { type MailApp, renderMail } from './render.ts'

/** Prints mails instead of sending them, for development without a mail server. */
export function terminalMailer({
  app,
  texts,
  output,
}: {
  app: () => MailApp
  texts: LiveTexts
  output: NodeJS.WritableStream
}): Mailer {
  return {
    async send(mail) {
      const { subject } = await renderMail(mail, app(), texts.current())
      const { code, link } = mail.values
      const lines = [
        ['Mail to', mail.to],
        ['Subject', subject],
        ['Code', code],
        ['Link', link],
      ].flatMap(([label, value]) => (value ? [plain(`│  ${label?.padEnd(8)} ${value}`)] : []))
      output.write(`\n┌─ mail, not sent: development ${'─'.repeat(30)}\n${lines.join('\n')}\n└${'─'.repeat(60)}\n\n`)
      return 'shown in the terminal'
    },
    async close() {},
  }
}
