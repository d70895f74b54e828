import { isAhead } from '../platform/clock.ts'
import type { Trx } from './db.ts'
import { integer, type RowOf, type StoredRow, table, text, word } from './table.ts'

/** What the answer to a challenge may be used for, and nothing else. */
export type ChallengeKind = 'signin' | 'stepup' | 'enrolment'

const passkeyChallenges = table('passkey_challenges', {
  id: text,
  kind: word<ChallengeKind>(),
  /** The attempt or the session that asked. */
  boundTo: text,
  /** base64url */
  challenge: text,
  expiresAt: integer,
})

export type PasskeyChallenge = RowOf<typeof passkeyChallenges>

export async function insertPasskeyChallenge(trx: Trx, challenge: PasskeyChallenge): Promise<void> {
  trx.send(passkeyChallenges.insert, passkeyChallenges.values(challenge))
}

/** Takes it away, whatever the answer to it is worth: its text, for one of any number of racers. */
export async function takePasskeyChallenge(
  trx: Trx,
  { id, kind, boundTo, now, ttlMs }: { id: string; kind: ChallengeKind; boundTo: string; now: number; ttlMs: number },
): Promise<string | undefined> {
  const taken = passkeyChallenges.readOne(
    await trx.one<StoredRow>(`DELETE FROM passkey_challenges WHERE id = ? RETURNING ${passkeyChallenges.columns}`, [
      id,
    ]),
  )
  const isAsked = taken?.kind === kind && taken.boundTo === boundTo
  return isAsked && isAhead(now, taken.expiresAt, ttlMs) ? taken.challenge : undefined
}

export async function deleteExpiredChallenges(trx: Trx, now: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM passkey_challenges WHERE id IN (SELECT id FROM passkey_challenges WHERE expires_at <= ? LIMIT ?)',
    [now, limit],
  )
}
