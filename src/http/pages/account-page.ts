import type { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Limit } from '../../flows/limits/request-limits.ts'
import { checkGuard } from '../../flows/sessions/guard.ts'
import type { LiveSession } from '../../flows/sessions/judge-session.ts'
import { onBehalfOf } from '../../flows/sessions/recheck-caller.ts'
import { checkFresh } from '../../flows/users/account.ts'
import type { PathParams } from '../request/router.ts'
import { type PageAnswer, type PageRequest, page } from './page.ts'

interface AccountPage<Fields extends z.ZodType, Path extends string> {
  method: 'GET' | 'POST'
  path: Path
  fields: Fields
  limit?: Limit
  /** The page to return to after a fresh proof: a GET without a query. */
  back: string | ((params: PathParams<Path>) => string)
  /** Shown only after a fresh proof. Whether a POST needs one, its flow decides. */
  isFresh?: true
  /** As in the API, for sessions that must first set up or prove a factor. Others need a whole session. */
  guard?: 'enrol' | 'any_session' | 'step_up'
  handle(deps: Deps, request: PageRequest<z.output<Fields>, Path> & { session: LiveSession }): Promise<PageAnswer>
}

/** A page for signed-in users. It redirects others to sign in, and asks for a fresh proof where one is needed. */
export function accountPage<Fields extends z.ZodType, const Path extends string>(declared: AccountPage<Fields, Path>) {
  const { guard = 'change' } = declared
  const signIn = { goTo: declared.method === 'POST' ? '/signin?notice=ended' : '/signin' }
  return page<Fields, Path>({
    method: declared.method,
    path: declared.path,
    fields: declared.fields,
    guard,
    isOwn: true,
    ...(declared.limit && { limit: declared.limit }),
    async handle(deps, request) {
      const { identity, params } = request
      if (identity.kind !== 'session' || identity.via !== 'cookie') return signIn
      const { session } = identity
      const back = typeof declared.back === 'string' ? declared.back : declared.back(params)
      const confirm = { goTo: `/account/confirm?next=${encodeURIComponent(back)}` }
      try {
        await checkGuard(deps, identity, guard)
        if (declared.isFresh && !(await checkFresh(deps, session)).isFresh) return confirm
        return await declared.handle(onBehalfOf(deps, identity, guard), { ...request, session })
      } catch (error) {
        if (!(error instanceof AuthdError)) throw error
        if (error.code === 'ENROLMENT_REQUIRED') return { goTo: '/account/enrol' }
        if (error.code === 'STEP_UP_REQUIRED') return confirm
        if (error.code === 'UNAUTHORIZED') return signIn
        throw error
      }
    },
  })
}
