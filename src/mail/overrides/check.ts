import { declaredMail, mailTemplates } from '../../mails.ts'
import { type Sentences, templates } from '../../platform/texts/templates.ts'
import { translatorFor } from '../../platform/texts/translate.ts'
import { viewOf } from '../render.ts'
import { checkContent, type Findings } from './check-rendered.ts'
import { checkSyntax } from './check-syntax.ts'
import { compileMails, type PrecompiledMail } from './compile.ts'
import type { OverrideFile } from './files.ts'
import { mergeSentences } from './merge-sentences.ts'
import { textsFrom } from './own-texts.ts'

export interface OverrideInput {
  templates: OverrideFile[]
  sentences: OverrideFile[]
  ownOrigins: string[]
}

export interface CheckedOverrides extends Findings {
  mails: Record<string, PrecompiledMail>
  locales: Record<string, Sentences>
}

/** Compiles an operator's templates and sentences, and reports their problems. Slow, because it loads mjml. */
export async function checkOverrides({
  templates: files,
  sentences,
  ownOrigins,
}: OverrideInput): Promise<CheckedOverrides> {
  const { locales: own, mailSources } = templates()
  const merged = sentences.map((file) => {
    const lang = file.name.replace(/\.json$/, '')
    return { lang, ...mergeSentences(file, own[lang] ?? {}) }
  })
  const locales = { ...own, ...Object.fromEntries(merged.map(({ lang, sentences: all }) => [lang, all])) }
  const alone = [
    ...merged.flatMap(({ problems }) => problems),
    ...files.flatMap((file) => checkSyntax(file, { names: namesOf(file.name), sentences: own['en'] ?? {} })),
  ]
  // Filling an invalid file would cause only confusing messages.
  if (alone.length > 0) return { mails: {}, locales: own, problems: alone, warnings: [] }
  const { mails, problems } = await compileMails(files, mailSources)
  if (problems.length > 0) return { mails: {}, locales: own, problems, warnings: [] }
  const texts = textsFrom({ mails, locales })
  return { mails, locales, ...(await checkContent({ texts, files: [...files, ...sentences], ownOrigins })) }
}

/** The names that a template may use. In the layout of all mails, these are the names that every mail has. */
function namesOf(file: string): string[] {
  const name = file.replace(/\.\w+$/, '')
  const all = mailTemplates
    .filter((template) => name === 'layout' || name === template || name === declaredMail(template).layout)
    .map((template) =>
      Object.keys(viewOf({ template, lang: 'en', values: declaredMail(template).values }, APP, translatorFor('en'))),
    )
  return (all[0] ?? []).filter((key) => all.every((keys) => keys.includes(key)))
}

const APP = { name: 'Example' }
