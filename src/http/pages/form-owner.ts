import type { Identity } from '../../flows/sessions/identify.ts'
import type { Random } from '../../platform/random.ts'
import { mintSecret } from '../../platform/secret.ts'

/** The one-time id of the forms of a page. On a page of a signed-in user it begins with who that is. */
export function mintOnce(random: Pick<Random, 'bytes'>, identity: Identity | undefined): string {
  const owner = identity?.kind === 'session' ? `${identity.session.userId}.` : ''
  return owner + mintSecret(random)
}

/** Says whether the form was shown to another user: in another tab of this browser, somebody else has signed in meanwhile. */
export function isOfAnother(once: string | undefined, identity: Identity): boolean {
  const owner = /^(usr_\w+)\./.exec(once ?? '')?.[1]
  return owner !== undefined && identity.kind === 'session' && owner !== identity.session.userId
}
