import { latestEnd } from '../platform/clock.ts'
import type { Sql, Trx } from './db.ts'
import { integer, json, nullable, type RowOf, type StoredRow, table, text } from './table.ts'

const answers = table('answers', {
  id: text,
  bodyDigest: text,
  /** Digests of the credentials whose holder may have the answer again. */
  holders: json<string[]>(),
  /** Null while the first request is under way. */
  sealed: nullable(text),
  createdAt: integer,
  expiresAt: integer,
})

export type StoredAnswer = RowOf<typeof answers>

/**
 * Claims an answer for the unit that makes it: true for one of any number of racers. On PostgreSQL the others wait here
 * until that unit ends. An answer that has expired, or that a wrong clock has dated, is replaced.
 */
export async function claimAnswer(trx: Trx, answer: StoredAnswer): Promise<boolean> {
  const claimed = await trx.run(
    `${answers.insert}
     ON CONFLICT (id) DO UPDATE SET body_digest = excluded.body_digest, holders = excluded.holders,
       sealed = excluded.sealed, created_at = excluded.created_at, expires_at = excluded.expires_at
     WHERE answers.expires_at <= ? OR answers.created_at > ?`,
    [...answers.values(answer), answer.createdAt, latestEnd(answer.createdAt, 0)],
  )
  return claimed === 1
}

/** Writes an answer that needs no claim, in place of the one before. */
export async function putAnswer(trx: Trx, answer: StoredAnswer): Promise<void> {
  trx.send(
    `${answers.insert}
     ON CONFLICT (id) DO UPDATE SET body_digest = excluded.body_digest, holders = excluded.holders,
       sealed = excluded.sealed, created_at = excluded.created_at, expires_at = excluded.expires_at`,
    answers.values(answer),
  )
}

/** Keeps the answer of a claim, unless another request has replaced the claim meanwhile. */
export async function keepAnswer(
  trx: Trx,
  { id, createdAt, holders, sealed, expiresAt }: Omit<StoredAnswer, 'bodyDigest'>,
): Promise<void> {
  trx.send('UPDATE answers SET holders = ?, sealed = ?, expires_at = ? WHERE id = ? AND created_at = ?', [
    JSON.stringify(holders),
    sealed,
    expiresAt,
    id,
    createdAt,
  ])
}

export async function findAnswer(sql: Sql, id: string): Promise<StoredAnswer | undefined> {
  return answers.readOne(await sql.one<StoredRow>(`SELECT ${answers.columns} FROM answers WHERE id = ?`, [id]))
}

export async function deleteAnswer(trx: Trx, id: string): Promise<void> {
  trx.send('DELETE FROM answers WHERE id = ?', [id])
}

export async function deleteExpiredAnswers(trx: Trx, now: number, limit: number): Promise<number> {
  return await trx.run('DELETE FROM answers WHERE id IN (SELECT id FROM answers WHERE expires_at <= ? LIMIT ?)', [
    now,
    limit,
  ])
}
