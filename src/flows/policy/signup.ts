import type { Deps } from '../../deps.ts'
import type { User } from '../../store/users.ts'

/**
 * Says whether a sign-in may begin or end for an address. A disabled user may not, nor a stranger whom the sign-up
 * policy excludes.
 */
export function maySignIn(deps: Pick<Deps, 'config' | 'clock'>, email: string, user: User | undefined): boolean {
  if (user && user.disabledAt !== null) return false
  if (user && !isInvitationOver(user, deps.clock.now())) return true
  return deps.config.current().signup.policy === 'open' || isOfDomains(deps, email)
}

/**
 * Says whether a user may change their address to this one. With `signup.policy = "domains"` only to one of these domains:
 * the former address is free again, so that one mailbox could otherwise admit any number of others. An operator may set any
 * address.
 */
export function mayMoveTo(deps: Pick<Deps, 'config'>, email: string): boolean {
  return deps.config.current().signup.policy !== 'domains' || isOfDomains(deps, email)
}

function isOfDomains({ config }: Pick<Deps, 'config'>, email: string): boolean {
  const { policy, domains } = config.current().signup
  return policy === 'domains' && domains.includes(email.slice(email.lastIndexOf('@') + 1))
}

/**
 * An invitation lets a user prove their address until it expires. After that, the user is judged like a stranger. A user
 * who has ever had a verified address needs none.
 */
function isInvitationOver({ firstVerifiedAt, invitedUntil }: User, now: number): boolean {
  return firstVerifiedAt === null && invitedUntil !== null && invitedUntil <= now
}
