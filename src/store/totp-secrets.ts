import { isAmong, type Sql, type Trx } from './db.ts'
import { integer, json, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const totpSecrets = table('totp_secrets', {
  userId: text,
  /** Sealed; null: none is confirmed yet. */
  secretSealed: nullable(text),
  confirmedAt: nullable(integer),
  /** Sealed; a secret that waits for its first right code. */
  pendingSealed: nullable(text),
  pendingExpiresAt: nullable(integer),
  /** The session that began it, which alone sees and confirms it. */
  pendingSessionId: nullable(text),
  /** Ascending, the latest. If the list is full, every step before the first counts as spent, too. */
  spentSteps: json<number[]>(),
})

export type TotpSecret = RowOf<typeof totpSecrets>

export async function findTotpSecret(sql: Sql, userId: string): Promise<TotpSecret | undefined> {
  const row = await sql.one<StoredRow>(`SELECT ${totpSecrets.columns} FROM totp_secrets WHERE user_id = ?`, [userId])
  return totpSecrets.readOne(row)
}

/** Those of these users who have an authenticator app. */
export async function findTotpHolders(sql: Sql, userIds: string[]): Promise<Set<string>> {
  if (userIds.length === 0) return new Set()
  const rows = await sql.all<{ user_id: string }>(
    `SELECT user_id FROM totp_secrets WHERE ${isAmong(sql, 'user_id')} AND secret_sealed IS NOT NULL`,
    [JSON.stringify(userIds)],
  )
  return new Set(rows.map((row) => row.user_id))
}

/**
 * A new secret, good for nothing until its session confirms it; one that is in use stays in use meanwhile. It replaces
 * the pending secret of any session.
 */
export async function putPendingTotp(
  trx: Trx,
  input: { userId: string; sessionId: string; pendingSealed: string; expiresAt: number },
): Promise<void> {
  trx.send(
    `INSERT INTO totp_secrets (user_id, pending_session_id, pending_sealed, pending_expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_id) DO UPDATE SET pending_session_id = excluded.pending_session_id,
       pending_sealed = excluded.pending_sealed, pending_expires_at = excluded.pending_expires_at`,
    [input.userId, input.sessionId, input.pendingSealed, input.expiresAt],
  )
}

/** Puts the pending secret in force; its first code is spent with it. False: it is not pending any more. */
export async function confirmTotp(
  trx: Trx,
  input: { userId: string; sessionId: string; pendingSealed: string; step: number; now: number },
): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE totp_secrets SET secret_sealed = pending_sealed, confirmed_at = ?, spent_steps = ?, pending_sealed = NULL,
       pending_expires_at = NULL, pending_session_id = NULL
     WHERE user_id = ? AND pending_session_id = ? AND pending_sealed = ? AND pending_expires_at > ?`,
    [input.now, JSON.stringify([input.step]), input.userId, input.sessionId, input.pendingSealed, input.now],
  )
  return changed === 1
}

/** Puts a secret from elsewhere in force, for a user without one. Codes of the spent steps are not accepted. */
export async function putMovedTotp(
  trx: Trx,
  input: { userId: string; secretSealed: string; confirmedAt: number; spentSteps: number[] },
): Promise<void> {
  trx.send(
    `INSERT INTO totp_secrets (user_id, secret_sealed, confirmed_at, spent_steps) VALUES (?, ?, ?, ?)
     ON CONFLICT (user_id) DO UPDATE SET secret_sealed = excluded.secret_sealed,
       confirmed_at = excluded.confirmed_at, spent_steps = excluded.spent_steps`,
    [input.userId, input.secretSealed, input.confirmedAt, JSON.stringify(input.spentSteps)],
  )
}

/**
 * Spends a time step of an app, as it was read: true for one of any number of racers, and once for each step, whatever
 * the clock says meanwhile (RFC 6238 §5.2). `keep` is how many spent steps the list holds.
 */
export async function useTotpStep(
  trx: Trx,
  { userId, secretSealed, spentSteps }: TotpSecret,
  { step, keep }: { step: number; keep: number },
): Promise<boolean> {
  const [first = step] = spentSteps
  if (spentSteps.includes(step) || (spentSteps.length >= keep && step < first)) return false
  const kept = [...spentSteps, step].sort((left, right) => left - right).slice(-keep)
  const changed = await trx.run(
    'UPDATE totp_secrets SET spent_steps = ? WHERE user_id = ? AND secret_sealed = ? AND spent_steps = ?',
    [JSON.stringify(kept), userId, secretSealed, JSON.stringify(spentSteps)],
  )
  return changed === 1
}

/** True if one was in force. One that was confirmed before `since` stays. */
export async function deleteTotp(trx: Trx, userId: string, since = 0): Promise<boolean> {
  const row = await trx.one<{ secret_sealed: string | null }>(
    'DELETE FROM totp_secrets WHERE user_id = ? AND COALESCE(confirmed_at, ?) >= ? RETURNING secret_sealed',
    [userId, since, since],
  )
  return row !== undefined && row.secret_sealed !== null
}
