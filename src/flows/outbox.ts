import type { Deps, MailTemplate } from '../deps.ts'
import { MINUTE, SECOND } from '../platform/clock.ts'
import { MailError } from '../platform/mail-error.ts'
import { hideTokens } from '../platform/secret.ts'
import type { Trx } from '../store/db.ts'
import {
  cancelAttemptMail,
  claimOutbox,
  countOutbox,
  deleteOutboxMail,
  findNextDue,
  finishOutbox,
  insertOutboxMail,
  listOutbox,
  type OutboxMail,
  type OutboxState,
  postponeOutbox,
} from '../store/outbox.ts'
import { insertOutboxTry } from '../store/outbox-tries.ts'
import { recordEvent, SYSTEM } from './event.ts'
import { type Page, type PageAsked, readPage } from './page.ts'

/** Longer than a try can take: a row whose sender died is taken again after it. */
const LEASE_MS = 2 * MINUTE
const BATCH = 16
const BACKOFF_MS = [5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE]

export interface QueuedMail {
  to: string
  template: MailTemplate
  lang: string
  values: Record<string, string>
  /** Never sent after this. */
  expiresAt: number
  attemptId?: string
  isDecoy?: boolean
}

/** Mail is a row in the unit that causes it: both happen, or neither. A newer mail of an attempt cancels the older. */
export async function enqueueMail(deps: Deps, trx: Trx, mail: QueuedMail): Promise<string> {
  const id = deps.random.id('msg')
  const now = deps.clock.now()
  if (mail.attemptId !== undefined) await cancelAttemptMail(trx, { attemptId: mail.attemptId, now })
  await insertOutboxMail(trx, {
    id,
    isDecoy: mail.isDecoy ?? false,
    recipient: mail.to,
    template: mail.template,
    lang: mail.lang,
    bodySealed: deps.keys.seal(sealContext(id), JSON.stringify(mail.values)),
    attemptId: mail.attemptId ?? null,
    createdAt: now,
    expiresAt: mail.expiresAt,
  })
  return id
}

/** Sends what is due, at most a batch; answers how many rows it took, so that the caller goes on while there are more. */
export async function dispatchOutbox(deps: Deps): Promise<number> {
  if (deps.config.current().mail.paused) return 0
  const now = deps.clock.now()
  const due = await deps.db.read(findNextDue)
  if (due === undefined || due > now) return 0
  const claimed = await deps.db.write((trx) => claimOutbox(trx, { now, leaseUntil: now + LEASE_MS, limit: BATCH }))
  await Promise.all(claimed.map((mail) => deliver(deps, mail)))
  return claimed.length
}

/** Newest first; decoys are not there. */
export async function listQueue(
  deps: Deps,
  { state }: { state?: OutboxState | undefined },
  asked: PageAsked,
): Promise<Page<OutboxMail>> {
  return await readPage(
    deps,
    {
      table: 'outbox',
      list: (sql, span, { limit, offset }) => listOutbox(sql, { ...span, state }, limit, offset),
      count: (sql, span) => countOutbox(sql, { ...span, state }),
    },
    asked,
  )
}

async function deliver(deps: Deps, mail: OutboxMail): Promise<void> {
  const startedAt = deps.clock.now()
  if (mail.isDecoy) return await deps.db.write((trx) => deleteOutboxMail(trx, mail.id))
  if (mail.expiresAt <= startedAt)
    return await giveUp(deps, mail, {
      state: 'expired',
      error: 'expired before it was accepted',
    })
  try {
    const response = await send(deps, mail)
    await deps.db.write(async (trx) => {
      await noteTry(deps, trx, mail, startedAt, {
        outcome: 'accepted',
        response,
      })
      await finishOutbox(trx, {
        id: mail.id,
        tries: mail.tries,
        state: 'sent',
        now: deps.clock.now(),
        error: null,
      })
      trx.afterCommit(() => deps.metrics.count('emails_sent_total', { template: mail.template }))
    })
  } catch (error) {
    await handleFailure(deps, mail, startedAt, error)
  }
}

async function send(deps: Deps, mail: OutboxMail): Promise<string> {
  const values = openValues(deps, mail)
  const { id: messageId, recipient: to, lang } = mail
  try {
    return await deps.mailer.send({ messageId, to, template: mail.template as MailTemplate, lang, values })
  } catch (cause) {
    const isPermanent = cause instanceof MailError && cause.isPermanent
    throw new MailError(withoutProof(cause instanceof Error ? cause.message : String(cause), values), { isPermanent })
  }
}

/** Relays quote what they refuse, and what they say is kept and shown: not the mail's link and code. */
function withoutProof(text: string, { code }: Record<string, string>): string {
  return code ? hideTokens(text).replaceAll(code, '[code]') : hideTokens(text)
}

async function handleFailure(deps: Deps, mail: OutboxMail, startedAt: number, error: unknown): Promise<void> {
  const reason = error instanceof Error ? error.message : String(error)
  deps.log.warn('mail not accepted', {
    message_id: mail.id,
    template: mail.template,
    tries: mail.tries,
    reason,
  })
  const isPermanent = error instanceof MailError && error.isPermanent
  const wait = BACKOFF_MS[Math.min(mail.tries, BACKOFF_MS.length) - 1] ?? MINUTE
  const dueAt = deps.clock.now() + wait + deps.random.int(Math.ceil(wait / 4))
  const isTooLate = dueAt >= mail.expiresAt
  if (isPermanent || isTooLate) {
    const noted = {
      outcome: isPermanent ? 'refused' : 'postponed',
      response: reason,
    } as const
    await deps.db.write((trx) => noteTry(deps, trx, mail, startedAt, noted))
    return await giveUp(deps, mail, {
      state: isPermanent ? 'failed' : 'expired',
      error: reason,
    })
  }
  await deps.db.write(async (trx) => {
    await noteTry(deps, trx, mail, startedAt, {
      outcome: 'postponed',
      response: reason,
    })
    await postponeOutbox(trx, {
      id: mail.id,
      tries: mail.tries,
      dueAt,
      error: reason,
    })
  })
}

async function giveUp(
  deps: Deps,
  mail: OutboxMail,
  { state, error }: { state: 'failed' | 'expired'; error: string },
): Promise<void> {
  await deps.db.write(async (trx) => {
    const now = deps.clock.now()
    if (
      !(await finishOutbox(trx, {
        id: mail.id,
        tries: mail.tries,
        state,
        now,
        error,
      }))
    )
      return
    await recordEvent(deps, trx, SYSTEM, {
      type: 'mail.failed',
      outcome: 'failure',
      email: mail.recipient,
      metadata: {
        message_id: mail.id,
        template: mail.template,
        tries: mail.tries,
        reason: error,
      },
    })
  })
}

async function noteTry(
  deps: Deps,
  trx: Trx,
  mail: OutboxMail,
  startedAt: number,
  end: { outcome: 'accepted' | 'postponed' | 'refused'; response: string },
): Promise<void> {
  await insertOutboxTry(trx, {
    outboxId: mail.id,
    number: mail.tries,
    startedAt,
    endedAt: deps.clock.now(),
    ...end,
  })
}

function openValues(deps: Deps, { id, bodySealed }: OutboxMail): Record<string, string> {
  if (bodySealed === null) throw new MailError('the mail has no body any more', { isPermanent: true })
  return JSON.parse(deps.keys.open(sealContext(id), bodySealed)) as Record<string, string>
}

function sealContext(rowId: string) {
  return { table: 'outbox', column: 'body_sealed', rowId }
}
