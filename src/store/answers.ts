import { latestEnd } from '../platform/clock.ts'
import { bumpEpoch, epochOf } from './change-epochs.ts'
import type { Sql, Trx } from './db.ts'
import { integer, json, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

/** Who may have an answer again. */
export interface AnswerHolder {
  /** What the first request had proven: the id of its session, API key or attempt, its address, or `*` for nothing. */
  caller: string
  /** When the session's caller had last proven who they are; 0 for others. */
  authTime: number
  /** The digest of the session's cookie, which the answer may have replaced. */
  cookieDigest: string | null
  /** It ended the session that the request showed. */
  isEnding: boolean
  /** Until then a credential counts that the answer has replaced or spent. */
  soonUntil: number
  /** Of an API key's answer, which may speak of any user: it ends with this epoch of deletions. */
  epoch?: number
}

const answers = table('answers', {
  id: text,
  bodyDigest: text,
  holder: json<AnswerHolder | null>(),
  /** The answer is nobody's once this session has ended. */
  sessionId: nullable(text),
  /** Null while the first request is under way. */
  sealed: nullable(text),
  createdAt: integer,
  expiresAt: integer,
})

export type StoredAnswer = RowOf<typeof answers>

const REPLACE = `ON CONFLICT (id) DO UPDATE SET body_digest = excluded.body_digest, holder = excluded.holder,
  session_id = excluded.session_id, sealed = excluded.sealed, created_at = excluded.created_at,
  expires_at = excluded.expires_at`

/**
 * Claims an answer for the unit that makes it: true for one of any number of racers. On PostgreSQL the others wait here
 * until that unit ends. An answer that has expired, or that a wrong clock has dated, is replaced.
 */
export async function claimAnswer(trx: Trx, answer: StoredAnswer): Promise<boolean> {
  const claimed = await trx.run(
    `${answers.insert} ${REPLACE} WHERE answers.expires_at <= ? OR answers.created_at > ?`,
    [...answers.values(answer), answer.createdAt, latestEnd(answer.createdAt, 0)],
  )
  return claimed === 1
}

/** Writes an answer that needs no claim, in place of the one before. */
export async function putAnswer(trx: Trx, answer: StoredAnswer): Promise<void> {
  trx.send(`${answers.insert} ${REPLACE}`, answers.values(answer))
}

/** Keeps the answer of a claim, unless another request has replaced the claim meanwhile. */
export async function keepAnswer(
  trx: Trx,
  { id, createdAt, holder, sessionId, sealed, expiresAt }: Omit<StoredAnswer, 'bodyDigest'>,
): Promise<void> {
  trx.send(
    'UPDATE answers SET holder = ?, session_id = ?, sealed = ?, expires_at = ? WHERE id = ? AND created_at = ?',
    [JSON.stringify(holder), sessionId, sealed, expiresAt, id, createdAt],
  )
}

/** The answer, and the epoch of deletions now. */
export async function findAnswer(sql: Sql, id: string): Promise<(StoredAnswer & { epochNow: number }) | undefined> {
  const row = await sql.one<StoredRow & { epoch_now: number }>(
    `SELECT ${answers.columns}, ${epochOf('answers')} AS epoch_now FROM answers WHERE id = ?`,
    [id],
  )
  return row && { ...answers.read(row), epochNow: Number(row.epoch_now) }
}

/** The epoch of deletions in which an answer begins. */
export async function answersEpoch(sql: Sql): Promise<number> {
  return Number((await sql.one<{ epoch: number }>(`SELECT ${epochOf('answers')} AS epoch`))?.epoch)
}

/** Gives up a claim, unless another request has replaced it meanwhile. */
export async function deleteClaim(trx: Trx, { id, createdAt }: Pick<StoredAnswer, 'id' | 'createdAt'>): Promise<void> {
  trx.send('DELETE FROM answers WHERE id = ? AND created_at = ?', [id, createdAt])
}

export async function deleteAnswer(trx: Trx, id: string): Promise<void> {
  trx.send('DELETE FROM answers WHERE id = ?', [id])
}

/**
 * Deletes the answers of a user's sessions, but no claim of a request under way. Any answer to an API key may speak of the
 * user: a new epoch ends them all, however many there are. They stay sealed until they expire, minutes later. Called before
 * the sessions are deleted.
 */
export async function deleteAnswersOf(trx: Trx, userId: string): Promise<void> {
  trx.send(
    'DELETE FROM answers WHERE session_id IN (SELECT id FROM sessions WHERE user_id = ?) AND sealed IS NOT NULL',
    [userId],
  )
  await bumpEpoch(trx, 'answers')
}

export async function deleteExpiredAnswers(trx: Trx, now: number, limit: number): Promise<number> {
  return await trx.run('DELETE FROM answers WHERE id IN (SELECT id FROM answers WHERE expires_at <= ? LIMIT ?)', [
    now,
    limit,
  ])
}
