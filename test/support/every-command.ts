import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { type RunOptions, type Shell, shell, shellIn } from './cli.ts'
import type { Ran } from './command.ts'
import { TEMPORARY } from './temporary.ts'

const ADA = 'ada@example.com'
const NOBODY_LISTENS = ['--url', 'http://127.0.0.1:1']

/**
 * A command line for each command but `serve`, which succeeds in a furnished folder or ends with the exit code of
 * `ENDS_WITH`. A word in capitals stands for an id. Nothing leaves the machine.
 */
export const LINES: Record<string, string[]> = {
  init: ['--url', 'https://auth.example.com', '--email-from', 'a@example.com', '--dir', 'etc', '--data-dir', 'data'],
  healthcheck: NOBODY_LISTENS,
  'users list': [],
  'users show': [ADA],
  'users add': ['bob@example.com'],
  'users disable': [ADA],
  'users enable': ['disabled@example.com'],
  'users delete': [ADA, `--confirm=${ADA}`],
  'users invite': ['bob@example.com', '--no-send'],
  'users update': [ADA, '--name', 'Ada'],
  'users recover': [ADA, '--reason', 'lost', '--yes'],
  'users unlock': [ADA],
  'users export': [ADA],
  'users import': ['people.csv'],
  'passkeys list': [ADA],
  'passkeys rename': [ADA, 'key', 'phone'],
  'passkeys remove': [ADA, 'key', '--yes'],
  'totp reset': [ADA, '--yes'],
  'recovery-codes reset': [ADA, '--yes'],
  'sessions list': [],
  'sessions show': ['ses_1'],
  'sessions revoke': ['ses_1'],
  'keys list': [],
  'keys rotate': [],
  'secrets rotate': ['--confirm=rotate'],
  'api-keys list': [],
  'api-keys create': ['--name', 'dashboard', '--role', 'viewer'],
  'api-keys revoke': ['KEY'],
  'audit tail': [],
  'audit list': [],
  'audit show': ['EVT'],
  'audit export': [],
  top: NOBODY_LISTENS,
  doctor: ['--offline'],
  'support-bundle': ['--offline', '--yes', '-o', 'bundle.tar.gz'],
  status: NOBODY_LISTENS,
  stats: [],
  metrics: NOBODY_LISTENS,
  'ipfilter list': [],
  'ipfilter add': ['203.0.113.9', '--reason', 'test'],
  'ipfilter remove': ['198.51.100.7'],
  'ipfilter check': ['198.51.100.7'],
  'ipfilter import': ['rules.txt'],
  'ipfilter export': [],
  'ipfilter prune': [],
  'lockouts list': [],
  'lockouts clear': ['--user', ADA],
  'ratelimit list': [],
  'ratelimit show': [ADA],
  'ratelimit reset': [ADA],
  explain: [ADA],
  lockdown: ['on', '--confirm=lockdown'],
  'email test': [ADA, '--queue'],
  'email preview': ['signin'],
  'email queue': [],
  'email retry': ['--all-failed'],
  'email cancel': ['MSG'],
  'email pause': [],
  'email resume': [],
  'suppressions list': [],
  'suppressions clear': ['mail@example.com'],
  'templates eject': ['signin', '--dir', 'templates'],
  'templates sentences': ['mail.signin'],
  'templates check': [],
  'webhooks list': [],
  'webhooks show': ['WHE'],
  'webhooks add': ['https://app.example.com/b'],
  'webhooks update': ['WHE', '--description', 'shop'],
  'webhooks remove': ['WHE', '--yes'],
  'webhooks test': ['WHE'],
  'webhooks deliveries': [],
  'webhooks redeliver': ['--failed'],
  'webhooks rotate-secret': ['WHE'],
  'settings list': [],
  'settings get': ['signup.policy'],
  'settings set': ['signup.policy', 'closed'],
  'settings unset': ['signup.policy'],
  'config check': [],
  'config show': [],
  'config path': [],
  'config reference': ['smtp.tls'],
  'config env': [],
  'migrate up': [],
  'migrate status': [],
  'db copy': ['--to', 'copy.db'],
  'db reopen': ['--yes'],
  'backup create': [],
  'backup list': [],
  'backup verify': ['BACKUP'],
  'backup restore': ['BACKUP', '--confirm=restore'],
  'backup prune': ['--keep', '1', '--yes'],
  'service install': ['--root', 'image'],
  'service print': [],
  'service status': [],
  'service uninstall': ['--root', 'image', '--yes'],
  version: [],
  openapi: [],
  completion: ['bash'],
  man: ['man1'],
}

/** No daemon runs, nobody answers a webhook, and there is no configuration file. */
export const ENDS_WITH: Record<string, number[]> = {
  healthcheck: [1],
  metrics: [69],
  'webhooks test': [1],
  doctor: [0, 1],
  status: [0, 1],
  'config path': [66],
  'config check': [78],
  'service status': [0, 1, 69],
  'ipfilter check': [1],
}

export interface Furnished {
  /** Runs the line of a command in a copy of the furnished folder. */
  run(id: string, more?: string[], options?: RunOptions): Promise<Ran>
  lineOf(id: string): string[]
  /** What a word in capitals stands for. */
  ids: Record<string, string>
  copy(): Promise<Shell>
}

/** A folder with a user who has a session and a passkey, a webhook, an API key, a waiting mail, and so on. */
export async function furnished(): Promise<Furnished> {
  const place = await shell({ inProcess: true, forFile: true })
  const json = async (...args: string[]) => {
    const { stdout, stderr } = await place.run([...args, '--json'])
    if (stdout === '') throw new Error(`${args.join(' ')}: ${stderr}`)
    return JSON.parse(stdout)
  }
  await place.run(['migrate'])
  await place.run(['users', 'add', ADA, 'disabled@example.com', '--name', 'Ada'])
  await place.run(['users', 'disable', 'disabled@example.com'])
  await place.run(['ipfilter', 'add', '198.51.100.7', '--reason', 'test'])
  await place.run(['settings', 'set', 'signup.policy', 'invite'])
  await place.run(['service', 'install', '--root', 'image'])
  await writeFile(join(place.folder, 'rules.txt'), '203.0.113.9 # test\n')
  await writeFile(join(place.folder, 'people.csv'), 'email\nnew@example.com\n')
  const { id: KEY = '' } = await json('api-keys', 'create', '--name', 'shop', '--scope', 'introspect')
  const { id: WHE = '' } = await json('webhooks', 'add', 'https://127.0.0.1:1/events', '--allow-private')
  const { message_id: MSG = '' } = await json('users', 'invite', 'mail@example.com')
  const { name: BACKUP = '' } = await json('backup', 'create')
  await copyBackup(join(place.folder, 'authd-data/backups'), BACKUP)
  const { id: EVT = '' } = (await json('audit', 'list', '--limit', '1')).data[0]
  addRows(join(place.folder, 'authd-data/authd.db'))
  const ids: Record<string, string> = { KEY, WHE, MSG, BACKUP, EVT, PASSKEY: 'key', WEBHOOK: WHE, MAIL: MSG }
  const lineOf = (id: string) => [...id.split(' '), ...(LINES[id] ?? []).map((word) => ids[word] ?? word)]
  const copy = async () => {
    const folder = await mkdtemp(join(TEMPORARY, 'authd-cli-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    await cp(place.folder, folder, { recursive: true })
    return shellIn(folder, { inProcess: true })
  }
  return {
    ids,
    lineOf,
    copy,
    async run(id, more = [], options = {}) {
      const { folder, run } = await copy()
      const ran = await run([...lineOf(id), ...more], options)
      await rm(folder, { recursive: true, force: true })
      return ran
    },
  }
}

/** An older backup. Two in one second would have the same name. */
async function copyBackup(folder: string, name: string): Promise<void> {
  for (const file of await readdir(folder)) {
    await cp(join(folder, file), join(folder, file.replace(name, 'authd-2026-01-01T00-00-00Z')))
  }
}

/** What only a browser or a mail server would add. */
function addRows(path: string): void {
  const db = new DatabaseSync(path)
  const { id } = db.prepare('SELECT id FROM users WHERE email = ?').get(ADA) as { id: string }
  const fill = (table: string, row: Record<string, string | number | null>) => {
    const needed = db.prepare(`SELECT name, type FROM pragma_table_info('${table}') WHERE "notnull" = 1`).all()
    const rest = needed.map(({ name, type }) => [name, type === 'TEXT' ? '[]' : 0] as const)
    const whole: Record<string, string | number | null> = { ...Object.fromEntries(rest), ...row }
    const names = Object.keys(whole)
    db.prepare(`INSERT INTO ${table} (${names}) VALUES (${names.map(() => '?')})`).run(...Object.values(whole))
  }
  const later = Date.now() * 2
  fill('sessions', { id: 'ses_1', user_id: id, idle_expires_at: later, expires_at: later, last_seen_at: Date.now() })
  fill('passkeys', { id: 'pk_1', user_id: id, name: 'key', credential_id: 'x' })
  fill('mail_suppressions', { address: 'mail@example.com', suppressed_until: later, refusals: 3 })
  db.close()
}
