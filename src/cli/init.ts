import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { inspectConfig, loadConfig } from '../config/load.ts'
import { isLoopbackHost } from '../config/web-kind.ts'
import { AuthdError } from '../errors.ts'
import { fileStamp, systemClock } from '../platform/clock.ts'
import { createFile, replaceFile } from '../platform/files.ts'
import { makeFolder } from '../platform/folder.ts'
import { shell } from '../platform/shell.ts'
import { readSecretEarly } from '../startup/server-secret.ts'
import { wire } from '../startup/wire.ts'
import { refusePassword } from './database-flag.ts'
import { type GlobalFlags, SERVICE_DIR } from './flags.ts'
import { tell } from './output/clean.ts'
import { openPrompt, type Prompt } from './output/prompt.ts'
import { becomeOwner } from './privileges.ts'

export interface InitFlags extends GlobalFlags {
  url?: string | undefined
  'email-from'?: string | undefined
  'smtp-host'?: string | undefined
  'smtp-port'?: number | undefined
  'smtp-user'?: string | undefined
  'smtp-password-file'?: string | undefined
  db?: string | undefined
  'db-url-file'?: string | undefined
  dir: string
  'data-dir': string
  force: boolean
  'dry-run': boolean
}

export interface InitResult {
  config: string
  database: string
  steps: { name: string; status: 'written' | 'kept' | 'would' }[]
}

/** Where the file goes: --config names it, --dir only its folder. Throws USAGE if both do, or for standard input. */
function configPath({ config, dir }: InitFlags): string {
  if (config === undefined) return join(resolve(dir), 'config.toml')
  if (config !== '-' && dir === SERVICE_DIR) return resolve(config)
  const message = config === '-' ? '--config: name a file to write.' : 'Give --config or --dir, not both.'
  throw new AuthdError('USAGE', { message })
}

/** Checks the answers as a configuration, and only then writes. */
export async function initialize(flags: InitFlags): Promise<InitResult> {
  refusePassword('db', flags.db, 'authd init --db-url-file /etc/authd/database-url')
  const path = configPath(flags)
  if (existsSync(path) && !flags.force) {
    throw new AuthdError('FILE_EXISTS', {
      message: `${path} already exists. Nothing was written. --force replaces it, and keeps a copy.`,
      suggestions: [shell`authd config check ${path}`],
    })
  }
  const text = configText(await answers(flags))
  const { config } = loadConfig({ env: {}, configPath: '-', stdin: text })
  const database = config.database.url === undefined ? config.database.path : 'PostgreSQL'
  if (flags['dry-run']) {
    return { config: path, database, steps: [path, database].map((name) => ({ name, status: 'would' as const })) }
  }
  // The configuration is new in any case. A secret and a database that are there stay.
  const kept = new Set([config.secretFile, database].filter((name) => existsSync(name)))
  makeFolder(dirname(path), 0o750)
  // If `service install` ran first, the folder belongs to the service's group, which must read this file.
  const options = { mode: 0o640, gid: process.getuid?.() === 0 ? statSync(dirname(path)).gid : undefined }
  if (existsSync(path)) createFile(`${path}.bak-${fileStamp(systemClock.now())}`, readFileSync(path), options)
  replaceFile(path, text, options)
  const secret = readSecretEarly(config)
  becomeOwner(config.dataDir)
  process.umask(0o077)
  // The result says what was made, so the log has only what went wrong.
  const quiet = { ...config.log, level: 'warn' } as const
  const wired = await wire(
    { ...config, log: quiet, database: { ...config.database, autoMigrate: true } },
    {
      mode: 'serve',
      output: process.stderr,
      logFormat: 'pretty',
      secret,
    },
  )
  await wired.close()
  const steps = [path, config.secretFile, database].map((name) => {
    return { name, status: kept.has(name) ? ('kept' as const) : ('written' as const) }
  })
  return { config: path, database, steps }
}

interface Answers {
  url: string
  emailFrom: string
  smtpHost: string
  smtpPort: string
  smtpUser: string
  smtpPasswordFile: string
  db: string
  dbUrlFile: string
  dataDir: string
}

/** Takes the answers from the flags, and asks for the others on a terminal. */
async function answers(flags: InitFlags): Promise<Answers> {
  const canAsk = process.stdin.isTTY && process.stderr.isTTY && !flags['no-input'] && !flags.yes
  const prompt = canAsk ? openPrompt() : undefined
  const given: Answers = {
    url: flags.url ?? '',
    smtpHost: flags['smtp-host'] ?? '',
    smtpPort: flags['smtp-port'] === undefined ? '' : String(flags['smtp-port']),
    smtpUser: flags['smtp-user'] ?? '',
    smtpPasswordFile: flags['smtp-password-file'] ?? '',
    emailFrom: flags['email-from'] ?? '',
    db: flags.db ?? '',
    dbUrlFile: flags['db-url-file'] ?? '',
    dataDir: resolve(flags['data-dir']),
  }
  try {
    for (const question of QUESTIONS) {
      if (flags[question.flag] === undefined) given[question.name] = await answer(prompt, question, given)
    }
    return given
  } finally {
    prompt?.close()
  }
}

interface Question {
  name: 'url' | 'smtpHost' | 'smtpPort' | 'smtpUser' | 'emailFrom'
  flag: 'url' | 'smtp-host' | 'smtp-port' | 'smtp-user' | 'email-from'
  /** The key of the configuration that the answer becomes. */
  key: string
  text: string
  example: string
  fallback(given: Answers): string
}

/** In the order in which they are asked. */
const QUESTIONS: Question[] = [
  {
    ...{ name: 'url', flag: 'url', key: 'public_url', text: 'Public URL of the sign-in pages' },
    ...{ example: 'https://auth.example.com', fallback: () => '' },
  },
  {
    ...{ name: 'smtpHost', flag: 'smtp-host', key: 'smtp.host', text: 'Mail server' },
    ...{ example: 'smtp.example.com', fallback: () => 'localhost' },
  },
  {
    ...{ name: 'smtpPort', flag: 'smtp-port', key: 'smtp.port', text: 'Its port' },
    ...{ example: '587', fallback: (given) => (isLocal(given) ? '25' : '587') },
  },
  {
    ...{ name: 'smtpUser', flag: 'smtp-user', key: 'smtp.username', text: 'SMTP user (empty: none)' },
    ...{ example: 'authd', fallback: () => '' },
  },
  {
    ...{ name: 'emailFrom', flag: 'email-from', key: 'mail.from', text: 'Send mail from' },
    ...{ example: 'no-reply@example.com', fallback: ({ url }) => `no-reply@${hostOf(url)}` },
  },
]

/** Asks until the answer is one that the configuration can have. */
async function answer(prompt: Prompt | undefined, question: Question, given: Answers): Promise<string> {
  const { name, flag, key, text, example } = question
  const fallback = question.fallback(given)
  if (name === 'smtpUser' && isLocal(given)) return ''
  if (!prompt) {
    if (fallback !== '' || name === 'smtpUser') return fallback
    throw new AuthdError('USAGE', {
      message: `--${flag} is missing, and no terminal is attached to ask for it`,
      suggestions: ['authd init --help'],
    })
  }
  for (;;) {
    const typed = (await prompt.ask(`${text} [${fallback}] `)).trim() || fallback
    const problem =
      typed === '' && name !== 'smtpUser' ? 'An answer is needed' : problemWith(key, { ...given, [name]: typed })
    if (problem === undefined) return typed
    tell(problem.includes(example) ? `${problem}.` : `${problem}. Example: ${example}`)
  }
}

/** What the configuration would say about one key, if it had these answers. */
function problemWith(key: string, given: Answers): string | undefined {
  const { problems } = inspectConfig({ env: {}, configPath: '-', stdin: configText(given) })
  return problems
    .find((problem) => problem.key === key)
    ?.message.replace(`${key}: `, '')
    .replace(/\.$/, '')
}

function isLocal({ smtpHost }: Answers): boolean {
  return smtpHost === 'localhost' || smtpHost.startsWith('127.')
}

function configText(given: Answers): string {
  const isUrl = given.db.startsWith('postgres')
  const database = given.dbUrlFile
    ? `url_file = ${quote(resolve(given.dbUrlFile))}`
    : isUrl
      ? `url = ${quote(given.db)}`
      : given.db && `path = ${quote(resolve(given.db.replace(/^sqlite:/, '')))}`
  return [
    '# authd. Every key: authd config reference',
    `public_url = ${quote(given.url)}`,
    `data_dir = ${quote(given.dataDir)}`,
    ...listenLines(given.url),
    ...(database ? ['', '[database]', database] : []),
    '',
    '[mail]',
    `from = ${quote(given.emailFrom)}`,
    '',
    '[smtp]',
    `host = ${quote(given.smtpHost)}`,
    `port = ${/^\d+$/.test(given.smtpPort) ? Number(given.smtpPort) : quote(given.smtpPort)}`,
    ...(isLocal(given) ? ['tls = "none"'] : []),
    ...(given.smtpUser ? [`username = ${quote(given.smtpUser)}`] : []),
    ...(given.smtpPasswordFile ? [`password_file = ${quote(resolve(given.smtpPasswordFile))}`] : []),
    '',
  ].join('\n')
}

/** An address of this machine leads to the daemon itself. Every other one leads to a proxy. */
function listenLines(url: string): string[] {
  const { protocol, hostname, port } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '', port: '' }
  if (protocol !== 'http:' || !isLoopbackHost(hostname)) return []
  const host = hostname === '[::1]' ? ['host = "::1"'] : []
  return ['', '[server]', ...host, `port = ${port === '' ? 80 : port}`]
}

/** The domain of mails. A name without a dot and an address cannot be one. */
function hostOf(url: string): string {
  const { hostname } = URL.canParse(url) ? new URL(url) : { hostname: '' }
  return /^[a-z].*\.[a-z]/i.test(hostname) ? hostname : 'example.com'
}

/** A TOML basic string is a JSON string. */
function quote(text: string): string {
  return JSON.stringify(text)
}
