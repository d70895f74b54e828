import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline/promises'
import { loadConfig } from '../config/load.ts'
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
  const terminal = canAsk ? createInterface({ input: process.stdin, output: process.stderr }) : undefined
  try {
    const url = await answer(terminal, flags.url, 'Public URL of the sign-in pages', '', 'url')
    const smtpHost = await answer(terminal, flags['smtp-host'], 'Mail server', 'localhost', 'smtp-host')
    const isLocal = smtpHost === 'localhost' || smtpHost.startsWith('127.')
    const port = flags['smtp-port'] === undefined ? undefined : String(flags['smtp-port'])
    return {
      url,
      smtpHost,
      smtpPort: await answer(terminal, port, 'Its port', isLocal ? '25' : '587', 'smtp-port'),
      smtpUser: await answer(
        terminal,
        flags['smtp-user'] ?? (isLocal ? '' : undefined),
        'SMTP user (empty: none)',
        '',
        'smtp-user',
      ),
      smtpPasswordFile: flags['smtp-password-file'] ?? '',
      emailFrom: await answer(terminal, flags['email-from'], 'Send mail from', `no-reply@${hostOf(url)}`, 'email-from'),
      db: flags.db ?? '',
      dbUrlFile: flags['db-url-file'] ?? '',
      dataDir: resolve(flags['data-dir']),
    }
  } finally {
    terminal?.close()
  }
}

async function answer(
  terminal: Interface | undefined,
  given: string | undefined,
  question: string,
  fallback: string,
  flag: string,
): Promise<string> {
  if (given !== undefined) return given
  if (terminal) return (await terminal.question(`${question} [${fallback}] `)).trim() || fallback
  if (fallback !== '' || flag === 'smtp-user') return fallback
  throw new AuthdError('USAGE', {
    message: `--${flag} is missing, and no terminal is attached to ask for it`,
    suggestions: ['authd init --help'],
  })
}

function configText(given: Answers): string {
  const isLocal = given.smtpHost === 'localhost' || given.smtpHost.startsWith('127.')
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
    `port = ${Number(given.smtpPort)}`,
    ...(isLocal ? ['tls = "none"'] : []),
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
