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
