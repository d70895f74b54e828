import Handlebars from 'handlebars'
import { declaredMail, mailTemplates } from '../../mails.ts'
import { COMPILE } from '../../platform/texts/compile-options.ts'
import { renderMjml } from '../../platform/texts/mjml.ts'
import { joinMjml, splitLine } from '../../platform/texts/mjml-layout.ts'
import type { OverrideFile, TextProblem } from './files.ts'

/** Templates as `Handlebars.precompile` writes them. A missing part is that of the layout, or the built-in one. */
export interface PrecompiledMail {
  html?: string
  text?: string
}

export interface CompiledMails {
  /** By mail or layout. */
  mails: Record<string, PrecompiledMail>
  problems: TextProblem[]
}

/** Compiles every mail that an operator's file is a part of. `own` are the built-in sources, by file. */
export async function compileMails(
  files: readonly OverrideFile[],
  own: Readonly<Record<string, string>>,
): Promise<CompiledMails> {
  const source = (name: string): OverrideFile =>
    files.find((file) => file.name === name) ?? { name, path: `${name} (built in)`, text: own[name] ?? '' }
  const has = (name: string) => files.some((file) => file.name === name)
  const mails: Record<string, PrecompiledMail> = {}
  const problems: TextProblem[] = []
  for (const { name, layout } of unitsOf(files)) {
    const mail: PrecompiledMail = {}
    if (has(`${name}.mjml`) || has('layout.mjml')) {
      const content = source(has(`${name}.mjml`) ? `${name}.mjml` : `${layout}.mjml`)
      const { html, faults } = await compileHtml(source('layout.mjml'), content)
      problems.push(...faults)
      mail.html = html
    }
    if (has(`${name}.txt`)) mail.text = String(Handlebars.precompile(source(`${name}.txt`).text, COMPILE.text))
    mails[name] = mail
  }
  return { mails, problems: withoutRepeats(problems) }
}

/** The mails and layouts that differ from the built-in ones. */
function unitsOf(files: readonly OverrideFile[]): { name: string; layout: string }[] {
  const named = files.map(({ name }) => name.replace(/\.\w+$/, '')).filter((name) => name !== 'layout')
  const all = files.some(({ name }) => name === 'layout.mjml')
    ? mailTemplates.map((template) => declaredMail(template).layout)
    : []
  const layouts = new Map<string, string>(mailTemplates.map((template) => [template, declaredMail(template).layout]))
  return [...new Set([...all, ...named])].map((name) => ({ name, layout: layouts.get(name) ?? name }))
}

async function compileHtml(
  layout: OverrideFile,
  content: OverrideFile,
): Promise<{ html: string; faults: TextProblem[] }> {
  const { html, faults } = await renderMjml(joinMjml(layout.text, content.text))
  const placed = faults.map(({ line, message }) => {
    if (line === undefined) return { path: content.path, message }
    const place = splitLine(layout.text, content.text, line)
    return { path: place.isContent ? content.path : layout.path, line: place.line, message }
  })
  return { html: faults.length > 0 ? '' : String(Handlebars.precompile(html, COMPILE.html)), faults: placed }
}

/** A fault of the layout occurs in every mail. */
function withoutRepeats(problems: TextProblem[]): TextProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
}
