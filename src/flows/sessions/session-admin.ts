import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { firstId } from '../../platform/random.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import type { Trx } from '../../store/db.ts'
import {
  countLiveSessions,
  countSessions,
  findSession,
  listSessions,
  listUnrevoked,
  type OwnedSession,
} from '../../store/sessions.ts'
import { findUser } from '../../store/users.ts'
import { PART } from '../bulk-units.ts'
import { resolveUser } from '../named-user.ts'
import { notify } from '../outbox/notice.ts'
import { type ListPart, type Pagination, readPart } from '../pagination.ts'
import type { Actor } from '../record-event.ts'
import { type EndedSession, endSessionsIn } from './end-session.ts'
import { recordSignedOut, signOutEverybodyIn } from './sign-out-everybody.ts'

/** Sessions that one mail names. */
const NAMED = 5

export interface SessionSelection {
  ids?: string[] | undefined
  /** An id, an address, or a prefix of the id. */
  user?: string | undefined
  createdBefore?: number | undefined
}

/** The sessions of all users or of one, newest first. Throws USER_NOT_FOUND. */
export async function listAllSessions(
  deps: Deps,
  {
    user,
    isLiveOnly,
    createdSince,
  }: { user?: string | undefined; isLiveOnly: boolean; createdSince?: number | undefined },
  pagination: Omit<Pagination, 'offset'>,
): Promise<ListPart<OwnedSession>> {
  const userId = user === undefined ? undefined : (await resolveUser(deps, user)).id
  // Ids carry their time, so older sessions are not read.
  const from = createdSince === undefined ? undefined : firstId('ses', createdSince)
  const filter = { userId, createdSince, liveAt: isLiveOnly ? deps.clock.now() : undefined }
  return await readPart(
    deps,
    {
      table: userId === undefined ? 'sessions' : undefined,
      bounds: { from },
      list: (sql, span, { limit }) => listSessions(sql, { ...filter, ...span }, limit),
      count: (sql, span) => countSessions(sql, { ...filter, ...span }),
    },
    pagination,
  )
}

/** One session by id, live or ended. Throws SESSION_NOT_FOUND. */
export async function showSession(deps: Deps, id: string): Promise<OwnedSession> {
  return (await deps.db.read((sql) => findSession(sql, id))) ?? notFound(id)
}

/**
 * Revokes the live sessions of a selection, in small units. An ended session is skipped. Throws
 * SESSION_NOT_FOUND for an unknown id, USER_NOT_FOUND.
 */
export async function revokeByOperator(deps: Deps, actor: Actor, selection: SessionSelection): Promise<EndedSession[]> {
  const { ids, user, createdBefore } = selection
  for (const id of ids ?? []) await showSession(deps, id)
  const userId = user === undefined ? undefined : (await resolveUser(deps, user)).id
  const filter = { ids, userId, createdBefore }
  if (ids === undefined && userId === undefined && createdBefore === undefined) return await revokeAll(deps, actor)
  // Users are told, once, about sessions that were selected as theirs. A clean-up by age mails nobody.
  const isSelected = ids !== undefined || userId !== undefined
  const told = new Set<string>()
  const all: EndedSession[] = []
  for (let after = ''; ; ) {
    const part = await deps.db.read((sql) => listUnrevoked(sql, { ...filter, after }, PART))
    const last = part.at(-1)
    if (last === undefined) return all
    const ended = await deps.db.write(async (trx) => {
      const ended = await endSessionsIn(deps, trx, actor, { filter: { ids: part }, reason: 'revoked_by_operator' })
      const owners = isSelected ? new Set(ended.map((session) => session.userId)) : []
      const untold = [...owners].filter((id) => !told.has(id))
      const left = await countLiveSessions(trx, { userIds: untold, now: deps.clock.now() })
      for (const id of untold) {
        const user = await findUser(trx, id)
        const isAll = !left.has(id) || (userId !== undefined && createdBefore === undefined)
        if (user && isAll) await notify(deps, trx, actor, { user, template: 'sessions_revoked' })
        if (!user || isAll) continue
        const values = {
          signed_out: await describeEnded(
            trx,
            ended.filter((session) => session.userId === id),
          ),
        }
        await notify(deps, trx, actor, { user, template: 'session_revoked', values })
      }
      return ended
    })
    for (const session of ended) told.add(session.userId)
    all.push(...ended)
    after = last
  }
}

/** `Firefox on Linux, 192.0.2.1; Safari on iOS`: where they were. A user with more of them gets the first. */
async function describeEnded(trx: Trx, ended: EndedSession[]): Promise<string> {
  const shown: string[] = []
  for (const { id } of ended.slice(0, NAMED)) {
    const session = await findSession(trx, id)
    const where = [describeUserAgent(session?.userAgent ?? null), session?.ip].filter((part) => part)
    shown.push(where.length > 0 ? where.join(', ') : id)
  }
  return [...shown, ...(ended.length > NAMED ? ['…'] : [])].join('; ')
}

/** Ends the sessions of all users, in force at once whatever their number. Mails nobody. */
async function revokeAll(deps: Deps, actor: Actor): Promise<EndedSession[]> {
  const signedOut = await deps.db.write((trx) => signOutEverybodyIn(deps, trx, actor, 'revoked_by_operator'))
  return await recordSignedOut(deps, actor, signedOut)
}

function notFound(id: string): never {
  throw new AuthdError('SESSION_NOT_FOUND', { message: `No session "${id}".`, suggestions: ['authd sessions list'] })
}
