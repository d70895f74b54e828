import type { Trx } from './db.ts'

/** What the answer to a challenge may be used for, and nothing else. */
export type ChallengeKind = 'signin' | 'stepup' | 'enrolment'

export interface PasskeyChallenge {
  id: string
  kind: ChallengeKind
  /** The attempt or the session that asked. */
  boundTo: string
  /** base64url */
  challenge: string
  expiresAt: number
}

export async function insertPasskeyChallenge(trx: Trx, challenge: PasskeyChallenge): Promise<void> {
  await trx.run('INSERT INTO passkey_challenges (id, kind, bound_to, challenge, expires_at) VALUES (?, ?, ?, ?, ?)', [
    challenge.id,
    challenge.kind,
    challenge.boundTo,
    challenge.challenge,
    challenge.expiresAt,
  ])
}

/** Takes it away, whatever the answer to it is worth: its text, for one of any number of racers. */
export async function takePasskeyChallenge(
  trx: Trx,
  input: { id: string; kind: ChallengeKind; boundTo: string; now: number },
): Promise<string | undefined> {
  const row = await trx.one<{ challenge: string; kind: string; bound_to: string; expires_at: number }>(
    'DELETE FROM passkey_challenges WHERE id = ? RETURNING challenge, kind, bound_to, expires_at',
    [input.id],
  )
  const isGood = row?.kind === input.kind && row.bound_to === input.boundTo && row.expires_at > input.now
  return isGood ? row.challenge : undefined
}

export async function deleteExpiredChallenges(trx: Trx, now: number, limit: number): Promise<number> {
  return await trx.run(
    'DELETE FROM passkey_challenges WHERE id IN (SELECT id FROM passkey_challenges WHERE expires_at <= ? LIMIT ?)',
    [now, limit],
  )
}
