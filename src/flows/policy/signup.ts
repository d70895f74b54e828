import type { Deps } from '../../deps.ts'
import type { User } from '../../store/users.ts'

/** May a sign-in begin, or end, for this address? A disabled person and an uninvited stranger may not. */
export function maySignIn(deps: Pick<Deps, 'config' | 'clock'>, email: string, user: User | undefined): boolean {
  if (user) return user.disabledAt === null && !isInvitationOver(user, deps.clock.now())
  const { signup } = deps.config.current()
  if (signup.policy === 'domains') return signup.domains.includes(email.slice(email.lastIndexOf('@') + 1))
  return signup.policy === 'open'
}

/** An invitation is leave to prove an address until then; who has proven it needs none. */
function isInvitationOver({ emailVerifiedAt, invitedUntil }: User, now: number): boolean {
  return emailVerifiedAt === null && invitedUntil !== null && invitedUntil <= now
}
