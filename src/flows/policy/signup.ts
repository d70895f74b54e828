import type { Deps } from '../../deps.ts'
import type { User } from '../../store/users.ts'

/**
 * Says whether a sign-in may begin or end for an address. A disabled user may not, nor a stranger whom the sign-up
 * policy excludes.
 */
export function maySignIn(deps: Pick<Deps, 'config' | 'clock'>, email: string, user: User | undefined): boolean {
  if (user && user.disabledAt !== null) return false
  if (user && !isInvitationOver(user, deps.clock.now())) return true
  const { signup } = deps.config.current()
  if (signup.policy === 'domains') return signup.domains.includes(email.slice(email.lastIndexOf('@') + 1))
  return signup.policy === 'open'
}

/**
 * An invitation lets a user prove their address until it expires. After that, the user is judged like a stranger. A user
 * who has ever had a verified address needs none.
 */
function isInvitationOver({ firstVerifiedAt, invitedUntil }: User, now: number): boolean {
  return firstVerifiedAt === null && invitedUntil !== null && invitedUntil <= now
}
