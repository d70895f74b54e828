import type { Sql } from '../../store/db.ts'
import type { SigninAttempt } from '../../store/signin-attempts.ts'
import { findUser, type User } from '../../store/users.ts'

export interface NamedByMail {
  user: Pick<User, 'id' | 'email'> | { email: string }
  /** The address of the mail, if it is not that user's. It is erased with the user. */
  metadata: { requested_email?: string }
}

/**
 * Whom an event about a mail names: the user whose session or change of address it is about, also if the address is not
 * theirs, so that it is erased with them. For a sign-in it is who has the address, if the caller knows them.
 */
export async function namedByMail(
  sql: Sql,
  { email, attempt, user }: { email: string; attempt: SigninAttempt | undefined; user?: User | undefined },
): Promise<NamedByMail> {
  const ownerId = attempt?.boundTo == null ? null : attempt.userId
  const owner = ownerId === null ? user : await findUser(sql, ownerId)
  return { user: owner ?? { email }, metadata: owner && owner.email !== email ? { requested_email: email } : {} }
}
