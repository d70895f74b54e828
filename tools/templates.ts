import Handlebars from 'handlebars'
import { COMPILE } from '../src/platform/texts/compile-options.ts'
import { readMail, readTemplates } from '../src/platform/texts/templates.ts'

/**
 * The module that replaces src/platform/texts/templates.ts in the single file. Everything in it is compiled, so the single
 * file needs neither mjml nor the Handlebars compiler. It exports the same functions.
 */
export async function templatesModule(): Promise<string> {
  const { pages, mails, style, assets, locales, mailSources } = readTemplates()
  const compiledPages = Object.entries(pages).map(([name, text]) => entry(name, compiled(text, COMPILE.html)))
  const compiledMails = await Promise.all(
    mails.map(async (name) => {
      const { html, text } = await readMail(name)
      return entry(name, `{ html: ${compiled(html, COMPILE.html)}, text: ${compiled(text, COMPILE.text)} }`)
    }),
  )
  return `import { runInThisContext } from 'node:vm'
import Handlebars from 'handlebars/runtime.js'

let loaded

export function templates() {
  loaded ??= load()
  return loaded
}

export function fromPrecompiled(code) {
  return Handlebars.template(runInThisContext('(' + code + ')'))
}

function load() {
  const mails = {
${compiledMails.join(',\n')}
  }
  return {
    mail: async (name) => mails[name],
    style: ${JSON.stringify(style)},
    assets: ${JSON.stringify(assets)},
    locales: ${JSON.stringify(locales)},
    mailSources: ${JSON.stringify(mailSources)},
    pages: {
${compiledPages.join(',\n')}
    },
  }
}
`
}

function compiled(text: string, options: PrecompileOptions): string {
  return `Handlebars.template(${Handlebars.precompile(text, options)})`
}

function entry(name: string, code: string): string {
  return `${JSON.stringify(name)}: ${code}`
}
