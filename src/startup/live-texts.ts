import { basename, dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import type { TextProblem } from '../mail/overrides/files.ts'
import type { LoadedTexts } from '../mail/overrides/load.ts'
import { builtInTexts, type Texts } from '../platform/texts/texts.ts'

export type { TextProblem } from '../mail/overrides/files.ts'
export { sourceNames, sourcesOf } from '../mail/sources.ts'
export { mailTemplates } from '../mails.ts'

/** The current texts, and how to replace them. */
export interface LiveTextsControl {
  current(): Texts
  /** Applies the operator's files. If one is invalid, nothing changes. Throws CONFIG_INVALID. */
  load(config: Config): Promise<Pick<LoadedTexts, 'files' | 'warnings'>>
}

export function liveTexts(): LiveTextsControl {
  let current = builtInTexts()
  return {
    current: () => current,
    async load(config) {
      const { texts, problems, ...found } = await inspectTexts(config)
      if (problems.length > 0) {
        throw new AuthdError('CONFIG_INVALID', {
          lines: ['The templates are not valid.', ...formatTextProblems(problems)],
          details: { problems },
          suggestions: ['authd templates check'],
        })
      }
      current = texts
      return found
    },
  }
}

/**
 * Like `load`, but returns the problems instead of throwing them. Other folders than the configured ones can be given.
 */
export async function inspectTexts(
  config: Pick<Config, 'app' | 'mail' | 'publicUrl' | 'dataDir'>,
  folders: { templates?: string | undefined; locales?: string | undefined } = {},
): Promise<LoadedTexts> {
  const { loadTexts } = await import('../mail/overrides/load.ts')
  const { app, mail, publicUrl, dataDir } = config
  const [templatesDir, localesDir] = [folders.templates ?? mail.templatesDir, folders.locales ?? app.localesDir]
  return await loadTexts({
    templatesDir,
    localesDir,
    optional: [templatesDir, localesDir].filter((folder) => mayBeMissing(folder, dataDir)),
    ownOrigins: [publicUrl, app.supportUrl].flatMap((url) => (url === undefined ? [] : [new URL(url).origin])),
  })
}

/** A folder that config/text-folder.ts takes if nothing is configured. */
function mayBeMissing(folder: string, dataDir: string): boolean {
  const parent = dirname(folder)
  return ['templates', 'locales'].includes(basename(folder)) && (parent === dataDir || dirname(parent) === '/etc')
}

/** One line per problem: `/etc/authd/templates/signin.mjml:12  message. Advice.` */
export function formatTextProblems(problems: readonly TextProblem[]): string[] {
  return problems.map(({ path, line, message, suggestion }) => {
    const advice = suggestion === undefined ? '' : `. ${suggestion}${/[.?]$/.test(suggestion) ? '' : '.'}`
    return `${line === undefined ? path : `${path}:${line}`}  ${message}${advice}`
  })
}
