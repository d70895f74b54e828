import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { DAY, HOUR } from '../../platform/clock.ts'
import { parseEmailAddress } from '../../platform/email-address.ts'
import type { Sql, Trx } from '../../store/db.ts'
import {
  countRefusal,
  deleteSuppression,
  findSuppression,
  listSuppressions,
  type MailSuppression,
  suppressMail,
} from '../../store/mail-suppressions.ts'
import { type AfterCursor, cursorAfter, readCursor, type SortedPart } from '../pagination.ts'
import { type Actor, recordEvent, SYSTEM } from '../record-event.ts'
import type { NamedByMail } from './mail-owner.ts'

/**
 * An address is suppressed after this many refusals, at least an hour apart and within 30 days. A mail server that is
 * broken for a short time refuses addresses, too.
 */
const REFUSALS = 3
const APART_MS = HOUR
const FORGOTTEN_MS = 30 * DAY
/** Not forever: a user whose address works again must be able to sign in. */
const SUPPRESSED_MS = 7 * DAY

/** Codes for a mailbox that does not exist (RFC 3463 §3.2, X.1.x) or is disabled (§3.3, X.2.1). */
const NO_SUCH_MAILBOX = /^5\.(1\.(1|2|3|6|10)|2\.1)$/
/** Without enhanced codes only these words count, because servers answer spam with 550, too. */
const NO_SUCH_WORDS =
  /(user|mailbox|recipient|address|account) (is )?(unknown|not found|invalid|disabled|does(n't| not) exist)|(no such|unknown|invalid) (user|mailbox|recipient|address|account)/i

/** Says whether an address gets no mail now. Sign-in requests for such an address get the usual response. */
export async function isSuppressed(deps: Pick<Deps, 'clock'>, sql: Sql, address: string): Promise<boolean> {
  return (await findSuppressed(deps, sql, address)) !== undefined
}

export async function findSuppressed(
  { clock }: Pick<Deps, 'clock'>,
  sql: Sql,
  address: string,
): Promise<MailSuppression | undefined> {
  return await findSuppression(sql, address, { now: clock.now(), spanMs: SUPPRESSED_MS })
}

export interface MailRefusal {
  /** Canonical. */
  address: string
  /** The mail server's answer to RCPT, without secrets. */
  response: string
  /** `5.1.1` */
  enhancedCode: string | undefined
}

/**
 * Counts an address that the mail server permanently rejected. A full mailbox or a blocked sender says nothing about the
 * address.
 */
export async function noteRefusal(
  deps: Pick<Deps, 'clock' | 'random' | 'metrics'>,
  trx: Trx,
  refusal: MailRefusal,
  named: NamedByMail = { user: { email: refusal.address }, metadata: {} },
): Promise<void> {
  if (!isAboutMailbox(refusal)) return
  const { address, response } = refusal
  const now = deps.clock.now()
  const refusals = await countRefusal(trx, { address, response, now, apartMs: APART_MS, forgetMs: FORGOTTEN_MS })
  if (refusals === undefined || refusals < REFUSALS) return
  await suppressMail(trx, { address, until: now + SUPPRESSED_MS })
  await recordEvent(deps, trx, SYSTEM, {
    type: 'mail.suppressed',
    outcome: 'failure',
    user: named.user,
    metadata: { ...named.metadata, refusals, reason: response, days: SUPPRESSED_MS / DAY },
  })
}

/** Clears the count of an address, because its mail was accepted. */
export async function noteAccepted(trx: Trx, address: string): Promise<void> {
  await deleteSuppression(trx, address)
}

/** One part of the suppressed addresses, the latest first. */
export async function listSuppressed(
  deps: Pick<Deps, 'db' | 'clock'>,
  { limit, cursor }: AfterCursor,
): Promise<SortedPart<MailSuppression>> {
  const filter = {
    now: deps.clock.now(),
    spanMs: SUPPRESSED_MS,
    after: cursor === undefined ? undefined : after(cursor),
  }
  const rows = await deps.db.read((sql) => listSuppressions(sql, filter, limit))
  return { rows, nextCursor: cursorAfter(rows, limit, ({ lastRefusedAt, address }) => [lastRefusedAt, address]) }
}

function after(cursor: string): Pick<MailSuppression, 'address' | 'lastRefusedAt'> {
  const { number: lastRefusedAt, words } = readCursor(cursor, 1)
  return { lastRefusedAt, address: words[0] ?? '' }
}

/**
 * Allows mail to an address again. Returns its canonical form, and whether anything was counted. Throws
 * VALIDATION_ERROR.
 */
export async function clearSuppression(
  deps: Pick<Deps, 'db' | 'clock' | 'random' | 'metrics'>,
  actor: Actor,
  name: string,
): Promise<{ address: string; isChanged: boolean }> {
  const address = parseEmailAddress(name)?.canonical
  if (address === undefined)
    throw new AuthdError('VALIDATION_ERROR', { message: `"${name}" is not an e-mail address.` })
  const isChanged = await deps.db.write(async (trx) => {
    const wasThere = await deleteSuppression(trx, address)
    if (wasThere) await recordEvent(deps, trx, actor, { type: 'mail.unsuppressed', user: { email: address } })
    return wasThere
  })
  return { address, isChanged }
}

function isAboutMailbox({ response, enhancedCode }: MailRefusal): boolean {
  if (enhancedCode !== undefined) return NO_SUCH_MAILBOX.test(enhancedCode)
  return /\b55[013]\b/.test(response) && NO_SUCH_WORDS.test(response)
}
