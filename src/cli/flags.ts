import { Args, Flags, type Interfaces } from '@oclif/core'
import { AuthdError } from '../errors.ts'
import type { EmailAddress } from '../platform/email-address.ts'
import type { TypedText } from '../resources/text-fields.ts'
import { completing } from './completion/offer.ts'
import { parseEmail } from './emails.ts'
import type { AskedPart } from './output/parts.ts'
import { parseExpiry, parseSpan, parseTime } from './output/time.ts'
import { parseLanguage, parseTyped } from './parse-text.ts'

/** The folder that the unit of `service install` reads. */
export const SERVICE_DIR = '/etc/authd'

/** A duration in milliseconds. */
export const durationFlag = Flags.custom<number>({ parse: async (text) => parseSpan(text) })

/** A duration in milliseconds, `most` at most. */
export const spanFlag = (mostMs: number) => Flags.custom<number>({ parse: async (text) => parseSpan(text, mostMs) })

/** A duration from now on, as epoch milliseconds. */
export const expiryFlag = Flags.custom<number>({ parse: async (text) => parseExpiry(text) })

/** A time in the past, as epoch milliseconds. */
export const timeFlag = Flags.custom<number>({ parse: async (text) => parseTime(text) })

/** A text that is stored and shown to others. */
export const typedFlag = (kind: TypedText, options?: { least: 0 }) =>
  Flags.custom<string>({ parse: async (text) => parseTyped(kind, text, options) })

/** A language that authd has. `de-AT` is read as `de`. */
export const langFlag = Flags.custom<string>({ default: 'en', parse: async (text) => parseLanguage(text) })

/** Where a daemon listens: `http://127.0.0.1:3000`, without a slash at its end. */
export const daemonUrlFlag = Flags.custom<string>({
  parse: async (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '')
    throw new AuthdError('USAGE', { message: `"${text}" is not an address of a daemon. Use http://127.0.0.1:3000.` })
  },
})

export const emailFlag = Flags.custom<EmailAddress>({ parse: async (text) => parseEmail(text) })

const GLOBAL = { helpGroup: 'GLOBAL' }

/** The flags of every command. */
export const GLOBAL_FLAGS = {
  config: completing(
    'files',
    Flags.string({ char: 'c', description: 'Configuration file; - reads stdin.', ...GLOBAL }),
  ),
  json: Flags.boolean({ description: 'Print one JSON document.', ...GLOBAL }),
  jsonl: Flags.boolean({ description: 'Print one JSON object per line.', ...GLOBAL }),
  plain: Flags.boolean({ description: 'Print tab-separated values, as in a pipe.', ...GLOBAL }),
  header: Flags.boolean({ description: 'Print column names first, with --plain.', ...GLOBAL }),
  fields: Flags.string({ description: 'Print only these fields: id,email.', ...GLOBAL }),
  quiet: Flags.boolean({ char: 'q', description: 'Print no hints.', ...GLOBAL }),
  verbose: Flags.boolean({ char: 'v', description: 'Print which configuration and database are used.', ...GLOBAL }),
  yes: Flags.boolean({
    char: 'y',
    description: 'Answer y/N questions with yes. What asks for a name needs --confirm.',
    ...GLOBAL,
  }),
  'no-input': Flags.boolean({ description: 'Fail instead of asking.', ...GLOBAL }),
  color: Flags.string({
    options: ['auto', 'always', 'never'],
    default: 'auto',
    description: 'When to use colour.',
    ...GLOBAL,
  }),
  'no-color': Flags.boolean({ description: 'The same as --color never.', ...GLOBAL }),
  'no-pager': Flags.boolean({ description: 'Do not use a pager.', ...GLOBAL }),
  timeout: durationFlag({
    description: 'How long to wait for a busy database: 10s. Default: 5s.',
    ...GLOBAL,
  }),
  time: Flags.string({
    options: ['relative', 'local', 'iso', 'unix'],
    description: 'Format of times.',
    ...GLOBAL,
  }),
}

/** The global flags as parsed, and the two that many commands have. */
export type GlobalFlags = Interfaces.InferredFlags<typeof GLOBAL_FLAGS> & {
  'dry-run'?: boolean
  'skip-missing'?: boolean
  reason?: string | undefined
}

/** What a command declares in `without`: the global flags that would change nothing about it. It refuses them. */
export const WITHOUT = {
  /** It reads no configuration. */
  configuration: ['config', 'verbose', 'timeout'],
  /** It opens no database, or waits for it in a way of its own. */
  database: ['timeout'],
  /** Its output is a file of its own format. */
  results: ['json', 'jsonl', 'plain', 'header', 'fields', 'time'],
} as const satisfies Record<string, readonly (keyof typeof GLOBAL_FLAGS)[]>

/** Throws USAGE if one of the flags is given, because it would be ignored. `why`: a sentence. */
export function refuseFlags(flags: Record<string, unknown>, names: readonly string[], why: string): void {
  const given = names.find((name) => flags[name] !== undefined && flags[name] !== false)
  if (given !== undefined) throw new AuthdError('USAGE', { message: `--${given}: ${why}` })
}

/** Throws USAGE for an output flag that goes with nothing that this command prints. */
export function refuseIdle(flags: GlobalFlags, { hasColumns }: { hasColumns: boolean }): void {
  const [one, other] = MODES.filter((mode) => flags[mode])
  if (other !== undefined) throw new AuthdError('USAGE', { message: `Use --${one} or --${other}, not both.` })
  if (flags.color === 'always') refuseFlags(flags, ['no-color'], 'contradicts --color always.')
  if (flags.json || flags.jsonl) refuseFlags(flags, ['time'], 'JSON has times in RFC 3339.')
  if (!flags.header) return
  if (flags.json || flags.jsonl) refuseFlags(flags, ['header'], 'JSON has no header. Leave one of the two out.')
  if (!hasColumns && flags.fields === undefined) {
    refuseFlags(flags, ['header'], 'this result has no columns. Add --fields, such as --fields id.')
  }
}

/** Sets the variable that Node and ink read. ink ignores NO_COLOR, and Node prints a warning if both are set. */
export function settleColour({ color, 'no-color': isOff }: GlobalFlags): void {
  const { env } = process
  if (color === 'always') env['FORCE_COLOR'] = '1'
  else if (isOff || color === 'never' || env['NO_COLOR'] || env['AUTHD_NO_COLOR']) env['FORCE_COLOR'] = '0'
  else return
  delete env['NO_COLOR']
}

/** For the commands that change things. */
export const dryRunFlag = {
  'dry-run': Flags.boolean({ char: 'n', description: 'Show what would change, without changing it.' }),
}

/** For the commands that take several known things. */
export const skipMissingFlag = {
  'skip-missing': Flags.boolean({ description: 'Skip unknown names and go on with the others.' }),
}

/** For the commands whose reason goes into the audit log. */
export const reasonFlag = { reason: typedFlag('reason')({ description: 'Reason for the audit log.' }) }

/** For the commands that change one thing or several: both of the above. */
export const changeFlags = { ...reasonFlag, ...dryRunFlag }

/** For the lists that are read in parts: `out.parts`. */
export const listFlags = {
  limit: Flags.integer({ min: 1, description: 'Maximum number of results. Defaults to 50 on a terminal, else all.' }),
  cursor: Flags.string({ description: 'Continue after the cursor that the previous list printed.' }),
  all: Flags.boolean({ description: 'List everything, also on a terminal.', exclusive: ['limit'] }),
}

const MODES = ['json', 'jsonl', 'plain'] as const

/** Throws USAGE if ids are given together with a flag that already selects, such as --all. */
export function refuseBoth(isNamed: boolean, flags: Record<string, unknown>): void {
  const given = Object.keys(flags).find((name) => flags[name] !== undefined && flags[name] !== false)
  if (!isNamed || given === undefined) return
  throw new AuthdError('USAGE', { message: `Use ids or --${given}, not both.` })
}

/** As flows ask for a part of a list, newest first. A command delays no request, so it may read any number of rows. */
export function paginationOf({ cursor: before, ...part }: AskedPart) {
  return { ...part, before, within: Number.POSITIVE_INFINITY }
}

export const userArg = {
  user: completing('users', Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' })),
}

/** One user or several: for `takesMany`. */
export const usersArg = {
  user: completing(
    'users',
    Args.string({ required: true, description: 'E-mail addresses or ids; - reads them from stdin.' }),
  ),
}

export const endpointsArg = {
  id: completing(
    'webhooks',
    Args.string({
      required: true,
      description: 'Endpoint ids, as `authd webhooks list` shows them. `-` reads them from stdin.',
    }),
  ),
}

export const settingsArg = {
  key: completing(
    'settings',
    Args.string({
      required: true,
      description: 'Keys, as `authd settings list` names them. `-` reads them from stdin.',
    }),
  ),
}
