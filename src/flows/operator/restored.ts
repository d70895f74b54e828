import type { Deps } from '../../deps.ts'
import { raiseAuditHead } from '../../store/audit-head.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import type { Db } from '../../store/db.ts'
import { listIpFilters } from '../../store/ip-filters.ts'
import { cancelAllMail } from '../../store/outbox.ts'
import type { Before } from '../../store/sqlite-backup.ts'
import {
  deleteSystemConfig,
  findSystemConfig,
  insertBeforeKeys,
  LAST_BACKUP,
  setSystemConfig,
} from '../../store/system-config.ts'
import { findUser } from '../../store/users.ts'
import { RESTORING } from '../copy-marks.ts'
import { addIpFilters, removeIpFilters } from '../limits/ip-filter-admin.ts'
import { listWebhooks, pauseWebhook } from '../outbox/webhook-endpoint.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { rotateKeys } from '../sessions/key-rotation.ts'
import { recordSignedOut, signOutEverybodyIn } from '../sessions/sign-out-everybody.ts'
import { disableUser } from '../users/disable.ts'
import { endApiKey, listKeysForApi } from './api-key.ts'
import { keepClosed } from './keep-closed.ts'

/** Closes a database that a backup is restored into to every other process, until openRestored. */
export async function closeRestored({ clock }: Pick<Deps, 'clock'>, db: Db): Promise<void> {
  const entry = { key: RESTORING, value: 'yes', now: clock.now(), by: 'system' }
  await db.write((trx) => insertBeforeKeys(trx, entry))
}

export async function openRestored(db: Db): Promise<void> {
  await db.write((trx) => deleteSystemConfig(trx, RESTORING))
}

/** What the database from before had ended or closed. */
export interface EndedAgain {
  apiKeys: number
  users: number
  blocks: number
  allows: number
  webhooks: number
  /** `lockdown` and keys of settings. */
  closed: string[]
}

export interface RestoredState {
  endedSessions: number
  cancelledMails: number
  /** Undefined where tokens are signed with a secret from the configuration. */
  newKey: string | undefined
  /** Undefined without a database from before: what was ended since the backup is valid again. */
  endedAgain: EndedAgain | undefined
  /** The ids of users who had been deleted since, and exist again: that may be why the backup was restored. */
  existAgain: string[]
}

/**
 * Ends what became valid again with a restored database: sessions, sign-ins with their links and codes, recovery links,
 * mails that may have been sent already, and the key that signed tokens. `before` is what the database from before knows:
 * what it has ended or closed stays so, and events get numbers above its last one, so that readers of the audit log miss none.
 */
export async function endRestored(
  deps: Deps,
  actor: Actor,
  { backup, createdAt, before }: { backup: string; createdAt: number; before: Before | undefined },
): Promise<RestoredState> {
  const now = deps.clock.now()
  const { signedOut, cancelledMails } = await deps.db.write(async (trx) => {
    await bumpEpoch(trx, 'signins')
    await raiseAuditHead(trx, before?.lastEvent ?? 0)
    const known = Number((await findSystemConfig(trx, LAST_BACKUP)) ?? 0)
    const value = String(Math.max(known, createdAt, before?.lastBackupAt ?? 0))
    await setSystemConfig(trx, { key: LAST_BACKUP, value, now, by: actor.id })
    const cancelledMails = await cancelAllMail(trx, now)
    const metadata = { backup, cancelled_mails: cancelledMails }
    await recordEvent(deps, trx, actor, { type: 'backup.restored', metadata })
    return { cancelledMails, signedOut: await signOutEverybodyIn(deps, trx, actor, 'revoked_by_operator') }
  })
  const ended = await recordSignedOut(deps, actor, signedOut)
  const isShared = deps.config.current().tokens.algorithm === 'HS256'
  const newKey = isShared ? undefined : (await rotateKeys(deps, actor, { isImmediate: true })).kid
  const endedAgain = before && (await endAgain(deps, actor, before))
  const existAgain = await existingOf(deps, before?.deletedUsers ?? [])
  return { endedSessions: ended.length, cancelledMails, newKey, endedAgain, existAgain }
}

async function endAgain(deps: Deps, actor: Actor, known: Before): Promise<EndedAgain> {
  const closed = await keepClosed(deps, actor, known.systemConfig)
  const revoked = new Set(known.revokedApiKeys)
  const apiKeys = (await listKeysForApi(deps)).filter(({ id, revokedAt }) => revokedAt === null && revoked.has(id))
  for (const { id } of apiKeys) await endApiKey(deps, actor, id)
  let users = 0
  for (const { id, reason } of known.disabledUsers) {
    const { isChanged } = await disableUser(deps, actor, { id }, reason)
    if (isChanged) users += 1
  }
  const blocks = await blockAgain(deps, actor, known.blocks)
  const allows = await disallowAgain(deps, actor, known.removedRules)
  const webhooks = await pauseAgain(deps, actor, known.closedWebhooks)
  return { apiKeys: apiKeys.length, users, blocks, allows, webhooks, closed }
}

/** Removes the rules that allow somebody and were removed since. Returns how many. */
async function disallowAgain(deps: Deps, actor: Actor, removed: readonly string[]): Promise<number> {
  const restored = await deps.db.read((sql) => listIpFilters(sql, { action: 'allow' }))
  const names = restored.map(({ id }) => id).filter((id) => removed.includes(id))
  if (names.length > 0) await removeIpFilters(deps, actor, { names, own: undefined, acceptsLockout: true })
  return names.length
}

/** Pauses the webhook endpoints that were paused or removed: their receivers may be somebody else's. Returns how many. */
async function pauseAgain(deps: Deps, actor: Actor, closed: readonly string[]): Promise<number> {
  const restored = (await listWebhooks(deps)).filter(({ id, pausedAt }) => pausedAt === null && closed.includes(id))
  for (const { id } of restored) await pauseWebhook(deps, actor, id)
  return restored.length
}

/** Adds the rules that block somebody now and that the restored database has not. Returns how many. */
async function blockAgain(deps: Deps, actor: Actor, blocks: Before['blocks']): Promise<number> {
  const now = deps.clock.now()
  const restored = await deps.db.read((sql) => listIpFilters(sql, { liveAt: now, action: 'block' }))
  const isThere = (block: Before['blocks'][number]) =>
    restored.some(
      ({ cidr, scope, expiresAt }) =>
        cidr === block.cidr && scope === block.scope && (expiresAt ?? Infinity) >= (block.expiresAt ?? Infinity),
    )
  const missing = blocks.filter((block) => (block.expiresAt ?? Infinity) > now && !isThere(block))
  for (const { cidr, reason, scope, expiresAt } of missing) {
    const rule = { rules: [{ cidr, reason }], action: 'block' as const, scope, expiresAt }
    await addIpFilters(deps, actor, { ...rule, own: undefined, acceptsLockout: true, keepSessions: true })
  }
  return missing.length
}

async function existingOf({ db }: Pick<Deps, 'db'>, ids: string[]): Promise<string[]> {
  const existing: string[] = []
  for (const id of ids) if (await db.read((sql) => findUser(sql, id))) existing.push(id)
  return existing
}
