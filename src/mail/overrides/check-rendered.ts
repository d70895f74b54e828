import { declaredMail, type MailTemplate, mailTemplates } from '../../mails.ts'
import type { Texts } from '../../platform/texts/texts.ts'
import { type RenderedMail, renderMail } from '../render.ts'
import type { OverrideFile, TextProblem } from './files.ts'
import { lineOf } from './merge-sentences.ts'

/** Mail programs cut off much larger mails. */
const LARGE_BYTES = 20_000
const SUPPORT_URL = 'https://help.example.com/mail'
const LONG_CODE = '7K2M-9QXC-01ZT'

export interface Findings {
  problems: TextProblem[]
  warnings: TextProblem[]
}

interface Context {
  texts: Texts
  files: readonly OverrideFile[]
  /** The operator's sites. Links may lead there too. */
  ownOrigins: readonly string[]
}

/** Fills every mail with sample values, in English and in each language with sentences of the operator, and checks it. */
export async function checkContent(context: Context): Promise<Findings> {
  const isOwn = (lang: string) => lang === 'en' || context.files.some(({ name }) => name === `${lang}.json`)
  const langs = Object.keys(context.texts.locales).filter(isOwn)
  const found = await Promise.all(
    langs.flatMap((lang) => mailTemplates.map((template) => checkMail(template, lang, context))),
  )
  const unique = (list: TextProblem[]) => [...new Map(list.map((one) => [`${one.path} ${one.message}`, one])).values()]
  return {
    problems: unique(found.flatMap(({ problems }) => problems)),
    warnings: unique(found.flatMap(({ warnings }) => warnings)),
  }
}

async function checkMail(template: MailTemplate, lang: string, context: Context): Promise<Findings> {
  const place = placesOf(template, lang, context.files)
  const findings: Findings = { problems: [], warnings: [] }
  for (const values of variantsOf(template)) {
    for (const supportUrl of [SUPPORT_URL, undefined]) {
      try {
        const mail = await renderMail({ template, lang, values }, { name: 'Example', supportUrl }, context.texts)
        const links = [...Object.values(values), ...(supportUrl ? [supportUrl] : [])]
        findings.problems.push(
          ...missing(mail, values, place),
          ...foreign(mail, { links, ownOrigins: context.ownOrigins }, place),
        )
        findings.warnings.push(...large(mail, template, place))
      } catch (error) {
        const message = `the mail ${template} cannot be rendered: ${error instanceof Error ? error.message : error}`
        findings.problems.push({ path: place.any, message })
      }
    }
  }
  return findings
}

/** With all values, with a long code, and without the values that a flow may leave out. */
function variantsOf(template: MailTemplate): Record<string, string>[] {
  const values = declaredMail(template).values
  const { requested_by: _, requested_ip: __, name: ___, ...fewer } = values
  const { link: ____, ...withoutLink } = fewer
  return [
    values,
    ...(values['code'] ? [{ ...values, code: LONG_CODE }] : []),
    declaredMail(template).needsLink ? fewer : withoutLink,
  ]
}

interface Places {
  html: OverrideFile | undefined
  text: OverrideFile | undefined
  any: string
}

/** The operator's files that a mail is made of. A problem of the mail is in one of them. */
function placesOf(template: MailTemplate, lang: string, files: readonly OverrideFile[]): Places {
  const find = (...names: string[]) => names.flatMap((name) => files.find((file) => file.name === name) ?? [])[0]
  const layout = declaredMail(template).layout
  const html = find(`${template}.mjml`, `${layout}.mjml`, 'layout.mjml')
  const text = find(`${template}.txt`, `${layout}.txt`)
  const sentences = find(`${lang}.json`)
  return {
    html: html ?? sentences,
    text: text ?? sentences,
    any: (html ?? text ?? sentences)?.path ?? `${layout} (built in)`,
  }
}

function missing({ html, text }: RenderedMail, values: Record<string, string>, place: Places): TextProblem[] {
  const { code, link } = values
  const part = (path: string, shown: string, value: string | undefined, name: string): TextProblem[] => {
    if (value === undefined || shown.includes(value)) return []
    return [{ path, message: `the ${name} of the mail is not shown`, suggestion: `Write {{${name}}}` }]
  }
  const visible = html.replace(/<head>[\s\S]*?<\/head>|<div style="display:none[\s\S]*?<\/div>|<[^>]+>/g, '')
  const hrefs = hrefsOf(html).join('\n')
  const [inHtml, inText] = [place.html?.path ?? place.any, place.text?.path ?? place.any]
  return [
    ...part(inHtml, visible, code, 'code'),
    ...part(inHtml, hrefs, link, 'link'),
    ...part(inText, text, code, 'code'),
    ...part(inText, text, link, 'link'),
    ...(text.trim() === '' ? [{ path: inText, message: 'the text of the mail is empty' }] : []),
  ]
}

const LOADS = /<(script|iframe|object|embed|link|base|form|video|audio)\b|@import/i
const SOURCES = /\b(?:src|srcset|background|poster)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))|url\(\s*['"]?([^'")]+)/gi

/** Anything that a mail loads reveals when it was opened, and a forger adds links to other sites. */
function foreign(
  { html, text }: RenderedMail,
  { links, ownOrigins }: { links: readonly string[]; ownOrigins: readonly string[] },
  place: Places,
): TextProblem[] {
  const fault = (file: OverrideFile | undefined, part: string, message: string, suggestion: string): TextProblem => ({
    path: file?.path ?? place.any,
    line: file && lineOf(file.text, part),
    message,
    suggestion,
  })
  const isOwn = (url: string) =>
    links.includes(url) || /^(mailto|tel):/i.test(url) || ownOrigins.includes(URL.parse(url)?.origin ?? '')
  const [loads] = LOADS.exec(html) ?? []
  const sources = [...html.matchAll(SOURCES)].map((match) => match.slice(1).find((part) => part !== undefined) ?? '')
  const inText = [...text.matchAll(/https?:\/\/[^\s<>"]+/gi)].map(([url]) => url.replace(/[.,;)]+$/, ''))
  return [
    ...(loads ? [fault(place.html, loads, `${loads} is not allowed in mails`, 'Remove it')] : []),
    ...sources
      .filter((url) => !/^(data:|cid:)/.test(url))
      .map((url) => fault(place.html, url, `the mail would load ${url}`, 'Remove it: mails must not load anything')),
    ...hrefsOf(html)
      .filter((url) => !isOwn(url))
      .map((url) => fault(place.html, url, `a link leads to ${url}`, ADVICE)),
    ...inText.filter((url) => !isOwn(url)).map((url) => fault(place.text, url, `a link leads to ${url}`, ADVICE)),
  ]
}

const ADVICE = 'Links may lead to {{link}}, {{app.supportUrl}}, and the hosts of public_url and app.support_url'

function large({ html }: RenderedMail, template: MailTemplate, place: Places): TextProblem[] {
  if (Buffer.byteLength(html) <= LARGE_BYTES) return []
  // Without its size, which differs by language, so that each mail is named once.
  const message = `the mail ${template} has more than ${LARGE_BYTES / 1000} kB of HTML`
  return [{ path: place.html?.path ?? place.any, message }]
}

function hrefsOf(html: string): string[] {
  return [...html.matchAll(/\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi)].map((match) =>
    (match[1] ?? match[2] ?? match[3] ?? '')
      .replaceAll('&#x3D;', '=')
      .replaceAll('&#x27;', "'")
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&'),
  )
}
