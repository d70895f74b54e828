import type { Sql } from './db.ts'

/** Counts what a user has enrolled: passkeys, a confirmed authenticator app, recovery codes that are not used yet. */
export async function countEnrolled(
  sql: Sql,
  userId: string,
): Promise<{ passkeys: number; apps: number; recoveryCodes: number }> {
  const row = await sql.one<{ passkeys: number; apps: number; recovery_codes: number }>(
    `SELECT (SELECT count(*) FROM passkeys WHERE user_id = ?) AS passkeys,
       (SELECT count(*) FROM totp_secrets WHERE user_id = ? AND secret_sealed IS NOT NULL) AS apps,
       (SELECT count(*) FROM recovery_codes WHERE user_id = ? AND used_at IS NULL) AS recovery_codes`,
    [userId, userId, userId],
  )
  return {
    passkeys: Number(row?.passkeys),
    apps: Number(row?.apps),
    recoveryCodes: Number(row?.recovery_codes),
  }
}
