import type { Deps } from '../../deps.ts'
import { declaredMail, type MailLayout, type MailTemplate, type MailValues } from '../../mails.ts'
import { HOUR, isAhead, MINUTE, SECOND } from '../../platform/clock.ts'
import { MailError, type RecipientRefusal } from '../../platform/mail-error.ts'
import { hideTokens } from '../../platform/secret.ts'
import type { Trx } from '../../store/db.ts'
import {
  cancelAttemptMail,
  claimMail,
  deleteOutboxItem,
  findMailDue,
  insertOutbox,
  isErasedMail,
  type OutboxItem,
  releaseMail,
} from '../../store/outbox.ts'
import { findSigninAttempt } from '../../store/signin-attempts.ts'
import { recordEvent, SYSTEM } from '../record-event.ts'
import { hasRightClock } from '../right-clock.ts'
import { namedByMail } from './mail-owner.ts'
import { jittered, recordTry, type TryEnd } from './record-try.ts'
import { isSuppressed, noteAccepted, noteRefusal } from './suppression.ts'

/** A slow mail server may take half a minute for each of eight answers. */
const TRY_MS = 4 * MINUTE
/** Longer than a try takes. After it, another process takes over the mail of a sender that is cut off. */
const LEASE_MS = TRY_MS + MINUTE
const BACKOFF_MS = [5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE]
const LONGEST_BACKOFF_MS = HOUR
/** No mail waits longer for its next try: a lease, or a jittered backoff. */
const LONGEST_WAIT_MS = Math.max(LEASE_MS, 1.25 * LONGEST_BACKOFF_MS)
const SILENT = 'the mail server does not answer, so mails wait'
const DOWN = 'the mail server cannot be used; mails wait and are retried'
/** Mails that somebody waits for in front of a form. */
const AWAITED = new Set<MailLayout>(['signin', 'code'])

export interface QueuedMail<Template extends MailTemplate = MailTemplate> {
  to: string
  template: Template
  lang: string
  values: MailValues<Template>
  /** Never sent after this. */
  expiresAt: number
  attemptId?: string
  isDecoy?: boolean
}

/** Queues a mail that proves nothing, such as a test mail, for an hour. Returns its id. */
export async function queueSampleMail(
  deps: Deps,
  { template, ...mail }: { to: string; template: MailTemplate; lang: string },
): Promise<string> {
  const values = declaredMail(template).values as MailValues<MailTemplate>
  const expiresAt = deps.clock.now() + HOUR
  return await deps.db.write((trx) => enqueueMail(deps, trx, { ...mail, template, values, expiresAt }))
}

/**
 * Queues a mail as a row of the unit that causes it, so that both commit or neither does. A newer mail of an attempt
 * cancels the older one. Returns its id.
 */
export async function enqueueMail<Template extends MailTemplate>(
  deps: Deps,
  trx: Trx,
  mail: QueuedMail<Template>,
): Promise<string> {
  const id = deps.random.id('msg')
  const now = deps.clock.now()
  if (mail.attemptId !== undefined) await cancelAttemptMail(trx, { attemptId: mail.attemptId, now })
  await insertOutbox(trx, {
    id,
    kind: 'mail',
    isDecoy: mail.isDecoy ?? false,
    recipient: mail.to,
    template: mail.template,
    lang: mail.lang,
    bodySealed: deps.keys.seal(sealContext(id), JSON.stringify(mail.values)),
    attemptId: mail.attemptId ?? null,
    eventSeq: null,
    createdAt: now,
    expiresAt: mail.expiresAt,
    isAwaited: AWAITED.has(declaredMail(mail.template).layout),
  })
  return id
}

/** Sends the mail that has been due longest. Returns false if none is. Any number of processes may call it at once. */
export async function deliverNextMail(deps: Deps, stopping = new AbortController().signal): Promise<boolean> {
  if (deps.config.current().mail.paused) return false
  const now = deps.clock.now()
  const due = await deps.db.read(findMailDue)
  // Without a mail that waits, nobody would learn that the server is well again.
  if (!due) deps.troubles.end('mail')
  const mustWait = (at: number) => isAhead(now, at, LONGEST_WAIT_MS)
  if (!due || (mustWait(due.first) && mustWait(due.last))) return false
  const claim = { owner: deps.nodeId, now, leaseUntil: now + LEASE_MS, longestMs: LONGEST_WAIT_MS }
  const mail = await deps.db.write((trx) => claimMail(trx, claim))
  if (!mail) return false
  // An instance whose clock is ahead leaves the mail to the others, at once: its lease would end when its clock says.
  if (!mail.isDecoy && mail.expiresAt <= now && !(await hasRightClock(deps))) {
    await deps.db.write((trx) => releaseMail(trx, { id: mail.id, owner: claim.owner, dueAt: mail.createdAt }))
    return false
  }
  await deliver(deps, mail, { startedAt: now, stopping })
  return true
}

/** When a try began, and what ends it. */
interface Try {
  startedAt: number
  stopping: AbortSignal
}

async function deliver(deps: Deps, mail: OutboxItem, { startedAt, stopping }: Try): Promise<void> {
  if (mail.isDecoy) return await deps.db.write((trx) => deleteOutboxItem(trx, mail.id))
  const { refusal, ...end } = await tryToSend(deps, mail, { startedAt, stopping })
  if (end.outcome === 'accepted') deps.accepted.set(mail.id, end.response)
  await deps.db.write(async (trx) => {
    if (!(await recordTry(trx, mail, end)) || 'dueAt' in end) return
    const { template, tries, attemptId } = mail
    const isErased = await isErasedMail(trx, mail.id)
    if (isErased) await deleteOutboxItem(trx, mail.id)
    if (end.state === 'sent') {
      await noteAccepted(trx, mail.recipient)
      trx.afterCommit(() => deps.metrics.count('emails_sent_total', { template }))
      return
    }
    const attempt = attemptId === null ? undefined : await findSigninAttempt(trx, attemptId)
    const named = await namedByMail(trx, { email: mail.recipient, attempt })
    if (refusal && !isErased) await noteRefusal(deps, trx, { address: mail.recipient, ...refusal }, named)
    const failed = { message_id: mail.id, template, tries }
    await recordEvent(deps, trx, SYSTEM, {
      type: 'mail.failed',
      outcome: 'failure',
      ...(!isErased && { user: named.user }),
      metadata: isErased ? failed : { ...failed, ...named.metadata, reason: end.response },
    })
  })
  deps.accepted.delete(mail.id)
}

/** With the mail server's refusal of the address, if that is why it failed. */
type MailEnd = TryEnd & { refusal?: RecipientRefusal | undefined }

async function tryToSend(deps: Deps, mail: OutboxItem, about: Try): Promise<MailEnd> {
  const { startedAt } = about
  const earlier = deps.accepted.get(mail.id)
  if (earlier !== undefined) return accepted(startedAt, startedAt, earlier)
  if (mail.expiresAt <= startedAt) return expired(startedAt)
  if (!(await deps.db.read((sql) => isSuppressed(deps, sql, mail.recipient)))) return await send(deps, mail, about)
  const response = 'not sent: the mail server permanently rejected the address three times (authd suppressions list)'
  return { startedAt, endedAt: startedAt, outcome: 'refused', response, state: 'failed' }
}

function accepted(startedAt: number, endedAt: number, response: string): TryEnd {
  return { startedAt, endedAt, outcome: 'accepted', response, state: 'sent' }
}

function expired(now: number): TryEnd {
  const response = 'expired before it was accepted'
  return { startedAt: now, endedAt: now, outcome: 'postponed', response, state: 'expired' }
}

async function send(deps: Deps, mail: OutboxItem, { startedAt, stopping }: Try): Promise<MailEnd> {
  const { id: messageId, recipient: to, lang, tries, expiresAt } = mail
  const template = mail.template as MailTemplate
  let values: Record<string, string> = {}
  const end = tellOfSilence(deps)
  try {
    values = openValues(deps, mail)
    const limit = AbortSignal.any([stopping, AbortSignal.timeout(TRY_MS)])
    const response = await deps.mailer.send({ messageId, to, template, lang, values }, limit)
    deps.troubles.end('mail')
    return accepted(startedAt, deps.clock.now(), response)
  } catch (error) {
    const response = withoutProof(error instanceof Error ? error.message : String(error), values)
    // One line says that the server is down, and not one for each mail.
    if (error instanceof MailError && error.isDown) deps.troubles.begin('mail', { reason: DOWN, detail: response })
    else deps.log.warn('mail not accepted', { message_id: messageId, template, tries, reason: response })
    const endedAt = deps.clock.now()
    const about = { startedAt, endedAt, response }
    if (error instanceof MailError && error.isPermanent) {
      return { ...about, outcome: 'refused', state: 'failed', refusal: error.refusal }
    }
    // Nothing was wrong with the mail: the next daemon sends it.
    if (stopping.aborted) return { ...about, outcome: 'postponed', dueAt: endedAt }
    const dueAt = endedAt + jittered(deps, backoffMs(mail, endedAt))
    return { ...about, outcome: 'postponed', ...(dueAt < expiresAt ? { dueAt } : { state: 'expired' }) }
  } finally {
    end()
  }
}

/** A try may last for minutes before it fails, and meanwhile users wait. Returns what to call at its end. */
function tellOfSilence({ config, troubles }: Pick<Deps, 'config' | 'troubles'>): () => void {
  const late = AbortSignal.timeout(2 * config.current().smtp.timeout)
  const tell = () => troubles.begin('mail', { reason: SILENT })
  late.addEventListener('abort', tell)
  return () => late.removeEventListener('abort', tell)
}

/** The first waits are short. Then they grow with the mail's age, up to a tenth of its life and an hour. */
function backoffMs({ tries, createdAt, expiresAt }: OutboxItem, now: number): number {
  const first = BACKOFF_MS[tries - 1]
  const most = Math.min((expiresAt - createdAt) / 10, LONGEST_BACKOFF_MS)
  return first ?? Math.round(Math.max(MINUTE, Math.min((now - createdAt) / 4, most)))
}

/**
 * Mail servers quote what they refuse, and their answer is stored and shown. The mail's link and code are removed from
 * it.
 */
function withoutProof(text: string, { code }: Record<string, string>): string {
  return code ? hideTokens(text).replaceAll(code, '[code]') : hideTokens(text)
}

function openValues(deps: Deps, { id, bodySealed }: OutboxItem): Record<string, string> {
  if (bodySealed === null) throw new Error('a queued mail has no body')
  return JSON.parse(deps.keys.open(sealContext(id), bodySealed)) as Record<string, string>
}

function sealContext(rowId: string) {
  return { table: 'outbox', column: 'body_sealed', rowId }
}
