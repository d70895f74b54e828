/** What TAB offers for an argument or a flag that has no closed list of values. */
export type Offer =
  | 'users'
  | 'sessions'
  | 'api-keys'
  | 'webhooks'
  | 'deliveries'
  | 'mails'
  | 'events'
  | 'passkeys'
  | 'networks'
  | 'suppressed'
  | 'config-keys'
  | 'config-sections'
  | 'settings'
  | 'setting-values'
  | 'event-types'
  | 'mail-names'
  | 'template-names'
  | 'languages'
  | 'backups'
  | 'files'

/** Declares what TAB offers for an argument or a flag: a kind of name, or these words. */
export function completing<Declared extends object>(offer: Offer | readonly string[], declared: Declared): Declared {
  return Object.assign(declared, { completes: offer })
}

/** What was declared so; undefined: nothing. */
export function offerOf(declared: object): Offer | readonly string[] | undefined {
  return 'completes' in declared ? (declared.completes as Offer | readonly string[]) : undefined
}

/** In place of words: the shell completes the names of files. */
export const FILES = ':files'
