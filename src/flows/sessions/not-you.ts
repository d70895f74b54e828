import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { parseToken } from '../../platform/secret.ts'
import type { Sql } from '../../store/db.ts'
import { forgetDevices } from '../../store/devices.ts'
import { findSession, type OwnedSession } from '../../store/sessions.ts'
import { lockUser } from '../../store/users.ts'
import type { Actor } from '../record-event.ts'
import { endSessionsIn } from './end-session.ts'
import { judgeSession } from './judge-session.ts'

const PURPOSE = 'not-you'

/**
 * The link with which the mail about a new sign-in ends that session, and nothing else. Its token is a MAC of the
 * session's id, so it needs no row and ends with the session.
 */
export function notYouLink(deps: Pick<Deps, 'keys' | 'config'>, sessionId: string): string {
  const token = `end_${sessionId.slice('ses_'.length)}.${deps.keys.mac(PURPOSE, sessionId)}`
  return `${deps.config.current().publicUrl}/not-you?token=${token}`
}

/**
 * The live session that a link can end. Undefined if it has ended. Throws LINK_INCOMPLETE for a link that is not genuine.
 */
export async function findDisowned(deps: Deps, token: string): Promise<OwnedSession | undefined> {
  return await deps.db.read((sql) => readDisowned(deps, sql, token))
}

/**
 * Ends the session of a link, and forgets the browsers of its user, so that the next sign-in from any of them is told by
 * mail. Returns false if there is nothing to end. Throws LINK_INCOMPLETE.
 */
export async function endDisowned(deps: Deps, actor: Actor, token: string): Promise<boolean> {
  return await deps.db.write(async (trx) => {
    const named = await readDisowned(deps, trx, token)
    if (!named || !(await lockUser(trx, named.userId))) return false
    const ended = await endSessionsIn(deps, trx, actor, { filter: { ids: [named.id] }, reason: 'not_you' })
    if (ended.length > 0) await forgetDevices(trx, named.userId)
    return ended.length > 0
  })
}

async function readDisowned(deps: Deps, sql: Sql, text: string): Promise<OwnedSession | undefined> {
  const token = parseToken('end', text)
  const id = `ses_${token?.id.slice('end_'.length)}`
  if (!token || !deps.keys.isMac(PURPOSE, id, token.secret)) {
    // It may be one whose end is missing: nobody may read then that the sign-in has ended.
    throw new AuthdError('LINK_INCOMPLETE')
  }
  const session = await findSession(sql, id)
  return session && (await judgeSession(deps, sql, session))
}
