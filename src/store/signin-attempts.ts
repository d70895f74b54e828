import { latestEnd } from '../platform/clock.ts'
import { epochOf } from './change-epochs.ts'
import type { Sql, Trx } from './db.ts'
import { integer, json, type NewRow, nullable, type RowOf, type StoredRow, table, text, word } from './table.ts'

/** How a session reaches its user. `tokens`: in the response body. `cookie`: in a cookie, which no script can read. */
export type SessionTransport = 'tokens' | 'cookie'
export type CodeKind = 'short' | 'long'

/** What the proof of this mail is for. Only `signin` may end in a session, and only its token is known to anybody. */
export type AttemptPurpose = 'signin' | 'stepup' | 'email_change' | 'email_restore'
/** A thing that was proven, as `amr` names it. */
export type Proof = 'email' | 'passkey' | 'otp' | 'recovery_code' | 'recovery_link'

const signinAttempts = table(
  'signin_attempts',
  {
    id: text,
    purpose: word<AttemptPurpose>(),
    /** The session, or the change of address, that this proof is about; null for a sign-in. */
    boundTo: nullable(text),
    /** Whom the proofs so far name; whose session or change of address it is about. */
    userId: nullable(text),
    proofs: json<Proof[]>(),
    secretDigest: text,
    /** Canonical; null: not known yet. */
    email: nullable(text),
    emailTyped: nullable(text),
    deliver: word<SessionTransport>(),
    redirectTo: nullable(text),
    linkTo: nullable(text),
    lang: text,
    ip: nullable(text),
    userAgent: nullable(text),
    createdAt: integer,
    expiresAt: integer,
    mailedAt: nullable(integer),
    linkDigest: nullable(text),
    codeMac: nullable(text),
    codeKind: nullable(word<CodeKind>()),
    codeTries: integer,
    /** The proof by mail was spent, whichever of link and code it was. */
    usedAt: nullable(integer),
    /** The link was first opened away from where it was asked for. */
    previewedAt: nullable(integer),
    completedAt: nullable(integer),
    /** In which it began. Signing everybody out begins the next one. */
    epoch: integer,
  },
  {
    defaulted: [
      'proofs',
      'mailedAt',
      'linkDigest',
      'codeMac',
      'codeKind',
      'codeTries',
      'usedAt',
      'previewedAt',
      'completedAt',
      'epoch',
    ],
    filled: { epoch: epochOf('signins') },
  },
)

export interface SigninAttempt extends RowOf<typeof signinAttempts> {
  /** The attempt began before everybody was signed out. */
  isOvertaken: boolean
}

const WHOLE = `SELECT ${signinAttempts.columns}, ${epochOf('signins')} AS epoch_now FROM signin_attempts`

/** The condition for an attempt that can still take a proof. Its value is the time now. */
const OPEN = `completed_at IS NULL AND expires_at > ? AND epoch = ${epochOf('signins')}`

export async function insertSigninAttempt(trx: Trx, attempt: NewRow<typeof signinAttempts>): Promise<void> {
  trx.send(signinAttempts.insert, signinAttempts.values(attempt))
}

export async function findSigninAttempt(sql: Sql, id: string): Promise<SigninAttempt | undefined> {
  const row = await sql.one<StoredRow>(`${WHOLE} WHERE id = ?`, [id])
  return row && readWhole(row)
}

/**
 * A new mail: its link and code replace the older ones, and the attempt lives on. The count of tries stays. False: over,
 * proven, or mailed after `notSince`, by a racer perhaps.
 */
export async function renewSigninMail(
  trx: Trx,
  input: {
    id: string
    now: number
    notSince: number
    expiresAt: number
    linkDigest: string | null
    codeMac: string
    codeKind: CodeKind
  },
): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE signin_attempts SET mailed_at = ?, expires_at = ?, link_digest = ?, code_mac = ?, code_kind = ?
     WHERE id = ? AND proofs = '[]' AND used_at IS NULL AND ${OPEN} AND (mailed_at IS NULL OR mailed_at <= ? OR mailed_at > ?)`,
    [
      ...[input.now, input.expiresAt, input.linkDigest, input.codeMac, input.codeKind],
      ...[input.id, input.now, input.notSince, latestEnd(input.now, 0)],
    ],
  )
  return changed === 1
}

/**
 * Counts a try before the code is compared, and answers what to compare with. Undefined: `limit` tries were taken, spent,
 * or ended.
 */
export async function takeCodeTry(
  trx: Trx,
  input: { id: string; limit: number; now: number },
): Promise<string | undefined> {
  const row = await trx.one<{ code_mac: string }>(
    `UPDATE signin_attempts SET code_tries = code_tries + 1
     WHERE id = ? AND code_tries < ? AND code_mac IS NOT NULL AND used_at IS NULL AND ${OPEN} RETURNING code_mac`,
    [input.id, input.limit, input.now],
  )
  return row?.code_mac
}

/** Marks the proof of the mail as used. Of two calls at once, one returns true. */
export async function useSigninAttempt(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  const changed = await trx.run(`UPDATE signin_attempts SET used_at = ? WHERE id = ? AND used_at IS NULL AND ${OPEN}`, [
    input.now,
    input.id,
    input.now,
  ])
  return changed === 1
}

/** Adds a proof, and leaves at least until `until` for the next. False: over, completed, or this was proven before. */
export async function addProof(
  trx: Trx,
  input: { id: string; userId: string; proofs: Proof[]; before: Proof[]; now: number; until: number },
): Promise<boolean> {
  const changed = await trx.run(
    `UPDATE signin_attempts SET user_id = ?, proofs = ?, expires_at = CASE WHEN expires_at < ? THEN ? ELSE expires_at END
     WHERE id = ? AND proofs = ? AND ${OPEN} AND (user_id IS NULL OR user_id = ?)`,
    [
      input.userId,
      JSON.stringify(input.proofs),
      input.until,
      input.until,
      input.id,
      JSON.stringify(input.before),
      input.now,
      input.userId,
    ],
  )
  return changed === 1
}

/** A user's attempts lose their proofs if this is among them. They can begin again. */
export async function forgetAttemptProofs(trx: Trx, input: { userId: string; proof: Proof }): Promise<void> {
  trx.send(
    `UPDATE signin_attempts SET proofs = '[]' WHERE email = (SELECT email FROM users WHERE id = ?) AND user_id = ?
       AND completed_at IS NULL AND proofs LIKE ?`,
    [input.userId, input.userId, `%"${input.proof}"%`],
  )
}

/** The attempt for this purpose of a session, or of a change of address, unless a wrong clock made it. There is one. */
export async function findBoundAttempt(
  sql: Sql,
  input: { purpose: AttemptPurpose; boundTo: string; now: number },
): Promise<SigninAttempt | undefined> {
  const row = await sql.one<StoredRow>(`${WHOLE} WHERE bound_to = ? AND purpose = ? AND created_at <= ? LIMIT 1`, [
    input.boundTo,
    input.purpose,
    latestEnd(input.now, 0),
  ])
  return row && readWhole(row)
}

/** Makes room for another attempt for this purpose. Two clocks need not agree which one is newer. Returns its id. */
export async function replaceBoundAttempt(
  trx: Trx,
  { purpose, boundTo }: { purpose: AttemptPurpose; boundTo: string },
): Promise<string | undefined> {
  const text = 'DELETE FROM signin_attempts WHERE bound_to = ? AND purpose = ? RETURNING id'
  return (await trx.all<{ id: string }>(text, [boundTo, purpose]))[0]?.id
}

/**
 * The one step that lets an attempt make a session: true at most once. Returns the epoch of that session, from the same
 * statement, so that a session whose attempt was not ended by a lockdown is ended by it.
 */
export async function completeSigninAttempt(
  trx: Trx,
  input: { id: string; before: Proof[]; now: number },
): Promise<{ sessionEpoch: number } | undefined> {
  const row = await trx.one<{ session_epoch: number }>(
    `UPDATE signin_attempts SET completed_at = ?
     WHERE proofs = ? AND id = ? AND ${OPEN}
     RETURNING ${epochOf('sessions')} AS session_epoch`,
    [input.now, JSON.stringify(input.before), input.id, input.now],
  )
  return row && { sessionEpoch: Number(row.session_epoch) }
}

/** True for the first visit from elsewhere, so that it is audited once. */
export async function markPreviewed(trx: Trx, input: { id: string; now: number }): Promise<boolean> {
  const changed = await trx.run('UPDATE signin_attempts SET previewed_at = ? WHERE id = ? AND previewed_at IS NULL', [
    input.now,
    input.id,
  ])
  return changed === 1
}

/**
 * Ends what is under way for an address: its user was disabled or deleted. The end is 0, so that a unit that
 * took its time before it waited for the user also finds it over.
 */
export async function endSigninAttempts(trx: Trx, email: string): Promise<number> {
  return await trx.run(
    'UPDATE signin_attempts SET expires_at = 0 WHERE email = ? AND completed_at IS NULL AND expires_at > 0',
    [email],
  )
}

/** Deletes the attempts that are bound to a user's sessions and changes of address. Returns their ids. */
export async function deleteBoundAttempts(trx: Trx, userId: string): Promise<string[]> {
  const rows = await trx.all<{ id: string }>(
    `DELETE FROM signin_attempts WHERE bound_to IN (SELECT id FROM sessions WHERE user_id = ?
       UNION ALL SELECT id FROM email_changes WHERE user_id = ?) RETURNING id`,
    [userId, userId],
  )
  return rows.map(({ id }) => id)
}

/** Deletes the attempts of a user, and those for one of their addresses. */
export async function deleteAttemptsOf(
  trx: Trx,
  { userId, emails }: { userId: string; emails: string[] },
): Promise<void> {
  trx.send('DELETE FROM signin_attempts WHERE user_id = ?', [userId])
  for (const email of emails) await trx.run('DELETE FROM signin_attempts WHERE email = ?', [email])
}

export async function deleteSigninAttemptsBefore(trx: Trx, before: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM signin_attempts WHERE id IN (SELECT id FROM signin_attempts WHERE expires_at < ? LIMIT ?)',
    [before, limit],
  )
}

function readWhole(row: StoredRow): SigninAttempt {
  const attempt = signinAttempts.read(row)
  return { ...attempt, isOvertaken: attempt.epoch !== Number(row['epoch_now']) }
}
