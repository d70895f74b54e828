import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInThisContext } from 'node:vm'
import Handlebars from 'handlebars'
import { compactScript, compactStyle } from './compact.ts'
import { COMPILE } from './compile-options.ts'
import { compileMjml } from './mjml-cache.ts'
import { joinMjml } from './mjml-layout.ts'

/** Sentences of one language by key. A sentence about a number has one text for each plural form of the language. */
export type Sentences = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>

type Helper = (...args: unknown[]) => unknown

/** A compiled template. It throws for a name without a value (strict mode). */
export type Template = (values: object, options: { helpers: Record<string, Helper> }) => string

export interface Asset {
  /** With the hash of its content: `page.1f2e3d4c.js`. */
  name: string
  type: string
  body: string
}

export interface Style {
  css: string
  /** What allows it in `style-src`: `'sha256-…'` (CSP3 §2.3.1). */
  source: string
}

/** Everything in templates/, ready to be filled. The build replaces this module (tools/templates.ts). */
export interface Templates {
  pages: Record<string, Template>
  /** Stands in every page, so that its first paint waits for nothing else. */
  style: Style
  /** By the plain name: `page.js`. */
  assets: Record<string, Asset>
  locales: Record<string, Sentences>
  /** The sources of the mails by file, `signin.mjml`, for operators who change them. */
  mailSources: Record<string, string>
  /** Compiled at first use, because MJML is slow to load. */
  mail(name: string): Promise<MailTemplates>
}

export interface MailTemplates {
  html: Template
  text: Template
}

const FOLDER = fileURLToPath(new URL('../../../templates/', import.meta.url))
const TYPES: Record<string, string> = {
  '.svg': 'image/svg+xml',
  '.js': 'text/javascript; charset=utf-8',
}

let loaded: Templates | undefined

/** The built-in templates. They are part of the program, so they are read only once. */
export function templates(): Templates {
  loaded ??= fromSource()
  return loaded
}

/** Loads the output of `Handlebars.precompile`. */
export function fromPrecompiled(code: string): Template {
  return Handlebars.template(runInThisContext(`(${code})`))
}

function fromSource(): Templates {
  const { pages, style, assets, locales, mailSources } = readTemplates()
  const mails = new Map<string, Promise<MailTemplates>>()
  return {
    pages: Object.fromEntries(
      Object.entries(pages).map(([name, text]) => [name, Handlebars.compile(text, COMPILE.html)]),
    ),
    style,
    assets,
    locales,
    mailSources,
    mail(name) {
      const mail = mails.get(name) ?? compileMail(name)
      mails.set(name, mail)
      return mail
    },
  }
}

async function compileMail(name: string): Promise<MailTemplates> {
  const { html, text } = await readMail(name)
  return { html: Handlebars.compile(html, COMPILE.html), text: Handlebars.compile(text, COMPILE.text) }
}

/** Reads both parts of a mail, with MJML compiled to HTML and placeholders not yet filled. */
export async function readMail(name: string): Promise<{ html: string; text: string }> {
  const mjml = joinMjml(read('mail', 'layout.mjml'), read('mail', `${name}.mjml`))
  return { html: await compileMjml(mjml), text: read('mail', `${name}.txt`) }
}

/** Reads all templates, except the compiled mails, from disk. */
export function readTemplates(): { pages: Record<string, string>; mails: string[] } & Pick<
  Templates,
  'style' | 'assets' | 'locales' | 'mailSources'
> {
  return {
    pages: Object.fromEntries(names('pages', '.hbs').map((name) => [name, read('pages', `${name}.hbs`)])),
    mails: names('mail', '.txt'),
    mailSources: Object.fromEntries(
      readdirSync(join(FOLDER, 'mail'))
        .sort()
        .map((file) => [file, read('mail', file)]),
    ),
    style: readStyle(),
    assets: Object.fromEntries(readdirSync(join(FOLDER, 'pages/assets')).map((file) => [file, readAsset(file)])),
    locales: Object.fromEntries(
      names('locales', '.json').map((lang) => [lang, JSON.parse(read('locales', `${lang}.json`))]),
    ),
  }
}

function readStyle(): Style {
  const css = compactStyle(read('pages', 'authd.css'))
  return { css, source: `'sha256-${hash('sha256', css, 'base64')}'` }
}

function readAsset(file: string): Asset {
  const extension = extname(file)
  const text = read('pages/assets', file)
  const body = extension === '.js' ? compactScript(text) : text
  const name = `${basename(file, extension)}.${hash('sha256', body).slice(0, 12)}${extension}`
  return { name, body, type: TYPES[extension] ?? 'application/octet-stream' }
}

function names(folder: string, extension: string): string[] {
  const files = readdirSync(join(FOLDER, folder)).filter((file) => extname(file) === extension)
  return files.map((file) => basename(file, extension)).sort()
}

function read(folder: string, file: string): string {
  return readFileSync(join(FOLDER, folder, file), 'utf8')
}
