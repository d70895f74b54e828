import { plain } from '../platform/plain-text.ts'
import type { Translator } from '../platform/texts/translate.ts'

const LINE_MAX = 120

/** Returns one line of plain text, without control characters, line ends or marks that change the reading direction. */
export function asLine(value: string | undefined): string {
  const line = plain(value ?? '')
    .replace(/ +/g, ' ')
    .trim()
  return line.length > LINE_MAX ? `${plain(line.slice(0, LINE_MAX - 1))}…` : line
}

export function asLink(value: string): string {
  const url = new URL(value)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error(`a mail can't link to ${url.protocol}`)
  return url.href
}

/** `25 November 2026, 10:15 UTC`. authd does not know the reader's time zone. */
export function asDate(rfc3339: string, { t }: Translator): string {
  const moment = new Date(rfc3339)
  const show = (parts: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(t('dates'), { ...parts, timeZone: 'UTC' }).format(moment)
  return t('mail.date', {
    date: show({ day: 'numeric', month: 'long', year: 'numeric' }),
    time: show({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  })
}
