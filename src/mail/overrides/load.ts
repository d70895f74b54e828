import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { mailTemplates } from '../../mails.ts'
import { languages } from '../../platform/texts/languages.ts'
import { templates } from '../../platform/texts/templates.ts'
import { builtInTexts, type Texts } from '../../platform/texts/texts.ts'
import type { CheckedOverrides, OverrideInput } from './check.ts'
import { readOverrides, type TextProblem } from './files.ts'
import { textsFrom } from './own-texts.ts'
import { OVERRIDE_PROGRAM } from './program.ts'

export interface OverridePlaces {
  templatesDir: string | undefined
  localesDir: string | undefined
  /** Folders that may be missing, because they are not configured. */
  optional: readonly string[]
  ownOrigins: string[]
}

export interface LoadedTexts {
  texts: Texts
  /** The operator's files. */
  files: string[]
  /** If there are any, `texts` are the built-in ones. */
  problems: TextProblem[]
  warnings: TextProblem[]
}

/** A hundred mails compile in a second, so a compiler that takes this long hangs. */
const TIMEOUT_MS = 60_000

/**
 * Returns the texts, with the operator's overrides. They are compiled in a separate process, so mjml is not loaded
 * here.
 */
export async function loadTexts({
  templatesDir,
  localesDir,
  optional,
  ownOrigins,
}: OverridePlaces): Promise<LoadedTexts> {
  const read = (folder: string | undefined, known: string[]) =>
    folder === undefined
      ? { files: [], problems: [], warnings: [] }
      : readOverrides(folder, { known, mayBeMissing: optional.includes(folder) })
  const found = read(templatesDir, templateFiles())
  const sentences = read(
    localesDir,
    languages().map((lang) => `${lang}.json`),
  )
  const files = [...found.files, ...sentences.files].map(({ path }) => path)
  const unread = [...found.problems, ...sentences.problems]
  const doubts = [...found.warnings, ...sentences.warnings]
  if (files.length === 0 || unread.length > 0) {
    return { texts: builtInTexts(), files, problems: unread, warnings: doubts }
  }
  const input = { templates: found.files, sentences: sentences.files, ownOrigins }
  const { problems, warnings, ...made } = await inWorker(input)
  const texts = problems.length > 0 ? builtInTexts() : textsFrom(made)
  return { texts, files, problems, warnings: [...doubts, ...warnings] }
}

/** The files that an operator may write: the built-in ones, and those of single mails. */
function templateFiles(): string[] {
  const single = mailTemplates.flatMap((name) => [`${name}.mjml`, `${name}.txt`])
  return [...new Set([...Object.keys(templates().mailSources), ...single])].sort()
}

/** A thread would leave 130 MB of memory in use. The child's environment is empty, so it holds no secrets. */
async function inWorker(input: OverrideInput): Promise<CheckedOverrides> {
  const child = spawn(process.execPath, OVERRIDE_PROGRAM, {
    env: {},
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    stdio: 'pipe',
  })
  const ended = once(child, 'close')
  child.stdin.on('error', () => undefined) // The child ended early. Its exit code is checked below.
  child.stdin.end(JSON.stringify(input))
  const [answer, complaint, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code === 0) return JSON.parse(answer) as CheckedOverrides
  throw new Error(`the compiler of templates ended with ${code ?? signal}: ${complaint.slice(-2000)}`)
}
