import { existsSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import type { NamedKind, OfferedName } from '../../flows/operator/offered-names.ts'
import type { GlobalFlags } from '../flags.ts'
import type { Offer } from './offer.ts'

/** A word that TAB offers, and what it is. */
export interface Candidate {
  word: string
  about: string
}

export interface Asked {
  /** What was typed of the word. */
  starts: string
  /** The arguments before it. */
  before: readonly string[]
  flags: Pick<GlobalFlags, 'config'>
}

type Candidates = (asked: Asked) => Promise<Candidate[]>

/** How long a row may keep a prompt waiting, in milliseconds. */
const BUSY_MS = 300

const CANDIDATES: Record<Exclude<Offer, 'files'>, Candidates> = {
  // An address is what people type. An id is offered to those who begin with one.
  users: (asked) => (asked.starts.startsWith('usr_') ? rowsOf(asked, 'user') : rowsOf(asked, 'address')),
  sessions: (asked) => rowsOf(asked, 'session', 'ses_'),
  'api-keys': (asked) => rowsOf(asked, 'api-key', 'key_'),
  webhooks: (asked) => rowsOf(asked, 'webhook', 'whe_'),
  deliveries: (asked) => rowsOf(asked, 'queued', 'whd_'),
  mails: (asked) => rowsOf(asked, 'queued', 'msg_'),
  events: (asked) => rowsOf(asked, 'event', 'evt_'),
  networks: (asked) => rowsOf(asked, 'network'),
  suppressed: (asked) => rowsOf(asked, 'suppressed'),
  async passkeys({ flags, before: [user = ''] }) {
    const { offerPasskeys } = await import('../../flows/operator/offered-names.ts')
    return await fromDatabase(flags, (db) => offerPasskeys({ db }, user))
  },
  async 'config-keys'() {
    const { KEYS, SECTION_TEXTS } = await import('../../config/schema.ts')
    const keys = KEYS.map(({ key, text }) => ({ word: key, about: text }))
    return [...keys, ...[...SECTION_TEXTS].map(([word, about]) => ({ word, about }))]
  },
  async 'config-sections'() {
    const { SECTION_TEXTS } = await import('../../config/schema.ts')
    return [...SECTION_TEXTS].map(([word, about]) => ({ word, about }))
  },
  async settings() {
    const { KEYS } = await import('../../config/schema.ts')
    return KEYS.filter(({ applies }) => applies === 'live').map(({ key, text }) => ({ word: key, about: text }))
  },
  async 'setting-values'({ before: [key = ''] }) {
    const { findKey } = await import('../../config/schema.ts')
    return words(findKey(key)?.kind.options ?? [])
  },
  async 'event-types'() {
    const { EVENTS } = await import('../../flows/events.ts')
    return Object.entries(EVENTS).map(([word, { means }]) => ({ word, about: means }))
  },
  async 'mail-names'() {
    const { mailTemplates } = await import('../../startup/live-texts.ts')
    return words(mailTemplates)
  },
  async 'template-names'() {
    const { sourceNames } = await import('../../startup/live-texts.ts')
    return words(sourceNames())
  },
  async languages() {
    const { languages } = await import('../../platform/texts/languages.ts')
    return words(languages())
  },
  async backups({ flags }) {
    const { backupFolder, backupsIn } = await import('../../startup/backup-files.ts')
    const config = await configOf(flags)
    return words(backupsIn(backupFolder(config, undefined)).map(({ name }) => name))
  },
}

/** The words that fit what was typed. */
export async function candidatesFor(
  offer: Exclude<Offer, 'files'> | readonly string[],
  asked: Asked,
): Promise<Candidate[]> {
  const found = typeof offer === 'string' ? await CANDIDATES[offer](asked) : words(offer)
  return found.filter(({ word }) => word.startsWith(asked.starts) && isSafe(word))
}

function words(list: readonly string[]): Candidate[] {
  return list.map((word) => ({ word, about: '' }))
}

/** Names of rows. Ids all begin with `prefix`, so others of the table are not read. */
async function rowsOf({ starts, flags }: Asked, kind: NamedKind, prefix = ''): Promise<Candidate[]> {
  if (!starts.startsWith(prefix) && !prefix.startsWith(starts)) return []
  const { offerNames } = await import('../../flows/operator/offered-names.ts')
  const from = starts.length > prefix.length ? starts : prefix
  return await fromDatabase(flags, (db) => offerNames({ db }, kind, from))
}

/** Reads the database, if there is one that this user may read. It is neither created nor written to. */
async function fromDatabase(
  flags: Asked['flags'],
  read: (db: Deps['db']) => Promise<OfferedName[]>,
): Promise<Candidate[]> {
  const config = await configOf(flags)
  if (!existsSync(config.dataDir)) return []
  const { becomeOwner } = await import('../privileges.ts')
  const { withStore } = await import('../../startup/open-database.ts')
  becomeOwner(config.dataDir)
  const rows = await withStore(config, read, { timeoutMs: BUSY_MS })
  return rows.map(({ name, about, instead }) =>
    isSafe(name) ? { word: name, about: about ?? '' } : { word: instead, about: name },
  )
}

async function configOf({ config: configPath }: Asked['flags']): Promise<Config> {
  const { findInstance } = await import('../../config/instance.ts')
  return findInstance({ flags: {}, env: process.env, configPath }).config
}

/** No shell acts on any of its characters, so that it may be put on a command line as it is. */
export function isSafe(word: string): boolean {
  return /^[A-Za-z0-9_.][A-Za-z0-9_.,:/@+-]*$/.test(word)
}
