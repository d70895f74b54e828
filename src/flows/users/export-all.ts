import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { shell } from '../../platform/shell.ts'
import type { Sql } from '../../store/db.ts'
import { listPasskeys } from '../../store/passkeys.ts'
import { listUnusedRecoveryCodes } from '../../store/recovery-codes.ts'
import { findTotpSecret } from '../../store/totp-secrets.ts'
import { listUsers, type User } from '../../store/users.ts'
import { totpContext } from '../factors/totp.ts'
import { relyingParty } from '../factors/webauthn.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import type { MovedUser } from './import.ts'
import type { MovedFactors } from './moved-factors.ts'

/** Users that one read takes. */
const BATCH = 200

/**
 * Exports all users, newest first, in parts, for another authd. What is recorded says whether secrets went out, and is
 * committed before the first user is read. Users added meanwhile are not in it.
 */
export async function* exportAllUsers(
  deps: Deps,
  actor: Actor,
  { hasFactors }: { hasFactors: boolean },
): AsyncGenerator<MovedUser[]> {
  await deps.db.write((trx) =>
    recordEvent(deps, trx, actor, { type: 'users.exported', metadata: { with_factors: hasFactors } }),
  )
  let before: string | undefined
  for (;;) {
    const part = await deps.db.read(async (sql) => {
      const users = await listUsers(sql, { before }, BATCH)
      const moved: MovedUser[] = []
      for (const user of users) moved.push(moving(user, hasFactors ? await factorsOf(deps, sql, user) : {}))
      return moved
    })
    if (part.length > 0) yield part
    before = part.at(-1)?.id
    if (part.length < BATCH) return
  }
}

function moving({ email: canonical, emailTyped: typed, ...user }: User, factors: MovedFactors): MovedUser {
  return { ...user, ...factors, email: { canonical, typed } }
}

async function factorsOf(deps: Deps, sql: Sql, user: User): Promise<MovedFactors> {
  const { id } = user
  const { rpId } = relyingParty(deps.config.current())
  const app = await findTotpSecret(sql, id)
  const sealed = app?.secretSealed
  return {
    totp: sealed ? { secret: openSecret(deps, user, sealed), confirmedAt: app?.confirmedAt ?? 0 } : undefined,
    passkeys: (await listPasskeys(sql, id)).map((passkey) => ({ ...passkey, rpId })),
    recoveryCodes: await listUnusedRecoveryCodes(sql, id),
  }
}

function openSecret({ keys }: Pick<Deps, 'keys'>, { id, email }: User, sealed: string): string {
  try {
    return keys.open(totpContext(id), sealed)
  } catch (cause) {
    throw new AuthdError('SECRET_MISMATCH', {
      message: `The authenticator app of ${email} cannot be read: it was stored with another server secret, or is damaged. Its codes no longer work either. Remove it, and tell the user.`,
      suggestions: [shell`authd totp reset ${id}`, 'authd users export'],
      cause,
    })
  }
}
