import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'
import { messageOf } from '../../src/mail/message.ts'
import { renderMail } from '../../src/mail/render.ts'
import { MAILS, type MailTemplate, mailTemplates } from '../../src/mails.ts'
import { languages } from '../../src/platform/texts/languages.ts'
import { APP } from '../support/mail-samples.ts'

const LONG = `https://app.example.com/in?next=${'abc%20=def.'.repeat(150)}&token=att_1.secret`
const SENDER = { name: 'Example', address: 'no-reply@example.com' }

/** The parts of a message by their type, decoded as a mail program does (RFC 2045 §6). */
function partsOf(raw: string): { head: string; text: string; html: string } {
  const [, head = ''] = /^([\s\S]*?)\r\n\r\n/.exec(raw) ?? []
  const [, boundary = ''] = /boundary="([^"]+)"/.exec(head) ?? []
  const parts = raw.split(`--${boundary}`).map((part) => {
    const at = part.indexOf('\r\n\r\n')
    const [heads, body] = [part.slice(0, at), part.slice(at + 4)]
    return { type: /Content-Type: ([\w/]+)/.exec(heads)?.[1], text: decoded(heads, body) }
  })
  const find = (type: string) => parts.find((part) => part.type === type)?.text ?? ''
  return { head, text: find('text/plain'), html: find('text/html') }
}

function decoded(heads: string, body: string): string {
  const way = /Content-Transfer-Encoding: (\S+)/.exec(heads)?.[1]
  if (way === 'base64') return Buffer.from(body, 'base64').toString('utf8')
  if (way !== 'quoted-printable') return body
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The message as it goes to the mail server. */
async function wireOf(template: MailTemplate, lang: string, more: Record<string, string> = {}): Promise<string> {
  const mail = {
    messageId: 'msg_1',
    to: 'you@example.com',
    template,
    lang,
    values: { ...MAILS[template].values, ...more },
  }
  const message = messageOf(mail, await renderMail(mail, APP), { sender: SENDER, otpOrigin: undefined })
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  return String((await transport.sendMail(message)).message)
}

test.for(languages())('a long link arrives whole in both parts, in %s', async (lang) => {
  const raw = await wireOf('signin', lang, { link: LONG })
  const { text, html } = partsOf(raw)

  expect(text.split(/\r?\n/)).toContain(LONG)
  expect(html.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=')).toContain(`href="${LONG}"`)
  expect(raw.split('\r\n').filter((line) => Buffer.byteLength(line) > 998)).toEqual([])
})

test.for(mailTemplates)(
  '%s says that a machine sent it, offers no list to leave, and asks for no answer',
  async (template) => {
    const { head, text, html } = partsOf(await wireOf(template, 'en'))

    expect(head).toMatch(/^Auto-Submitted: auto-generated\r$/m)
    expect(head).not.toMatch(/^(?:List-|Reply-To|Disposition-Notification-To|Precedence)/im)
    expect([text, html].map((part) => part.length > 100)).toEqual([true, true])
  },
)
