import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** Phrases that a reader whose first language is not English stumbles over. Each has no right use in these places, names of tests included. */
const UNCLEAR = [
  /\bwhoever\b/i, // anyone who, the user who
  /(?<!')\bbrak(?:ed|ing)\b(?![':])/i, // locked out; a value of the API keeps the word
  /\b(?:held up|kept out)\b/i, // blocked, delayed
  /\b(?:taken|takes?) away\b/i, // removed
  /(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more\b)/i, // is not a
  /\bthat there (?:is|are) not\b/i, // unknown
  /\bof ours\b/i, // our
  /\bso many\b/i, // the number of
  /\btold of\b/i, // notified, reported
]

const PLACES = [
  '*.md',
  'docs/**/*.{md,js,py,go,rs,java,php,cs}',
  'deploy/**/*.{yml,yaml,json,service,socket}',
  'deploy/docker/*file',
  'install.sh',
  'config.example.toml',
  'templates/locales/en.json',
  'src/{errors,mails}.ts',
  'src/flows/**/*.ts',
  'src/{http,jobs,resources}/**/*.ts',
  'src/platform/monitoring/*.ts',
  'src/{cli,config,mail,platform,startup,store}/**/*.ts',
  '{test,tools}/**/*.ts',
]
/** This file has the phrases. */
const EXCEPT = ['test/docs/phrases.test.ts', 'test/clients/node_modules/**']

test.each(globSync(PLACES, { cwd: ROOT, exclude: EXCEPT }))('%s has no unclear phrase', (file) => {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n')

  expect(lines.filter((line) => UNCLEAR.some((phrase) => phrase.test(line)))).toEqual([])
})

/** Words of the glossary's last column that also have a right use, such as `page` for HTML. Readers must judge them. */
const ALSO_RIGHT = [
  ...[
    'account',
    'actor',
    'admin',
    'attempt',
    'bearer',
    'credential',
    'encrypt',
    'flow',
    'hash',
    'key',
    'login',
    'method',
    'origin',
  ],
  ...[
    'page',
    'part of a list',
    'queue',
    'root',
    'security key',
    'source',
    'state',
    'sudo',
    'transaction',
    'verification',
  ],
  ...['JWT', 'PIN'],
]
const GLOSSARY = 'docs/README.md'
const TEXTS = [
  '*.md',
  'docs/*.md',
  'templates/locales/en.json',
  'src/errors.ts',
  'src/cli/**/*.ts',
  'config.example.toml',
]

test('no text uses a word that the glossary rejects', () => {
  const rejected = rejectedWords(readFileSync(join(ROOT, GLOSSARY), 'utf8'))
  const never = rejected.filter((word) => !ALSO_RIGHT.includes(word))
  const said = new RegExp(`\\b(?:${never.join('|')})(?:s|ed|ing)?\\b`, 'i')

  const lines = globSync(TEXTS, { cwd: ROOT, exclude: [GLOSSARY] }).flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (said.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  )

  expect(never).toContain('trusted device')
  expect(ALSO_RIGHT.filter((word) => !rejected.includes(word))).toEqual([])
  expect(lines).toEqual([])
})

/** The words in the last column of the glossary. */
function rejectedWords(page: string): string[] {
  const [, glossary = ''] = page.split('## Glossary')
  const rows = [...glossary.matchAll(/^\| [^|]+ \| [^|]+ \| ([^|]+) \|$/gm)].map(([, words = '']) => words)
  return rows.flatMap((words) => words.split(', ')).filter((word) => !['not', '---'].includes(word))
}
