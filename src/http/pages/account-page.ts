import type { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Limit } from '../../flows/limits/request-limits.ts'
import { onBehalfOf } from '../../flows/sessions/recheck-caller.ts'
import type { LiveSession } from '../../flows/sessions/session.ts'
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
  /** Also open to users who must first set up a second factor. */
  mayWait?: true
  handle(deps: Deps, request: PageRequest<z.output<Fields>, Path> & { session: LiveSession }): Promise<PageAnswer>
}

/** A page for signed-in users. It redirects others to sign in, and asks for a fresh proof where one is needed. */
export function accountPage<Fields extends z.ZodType, const Path extends string>(declared: AccountPage<Fields, Path>) {
  return page<Fields, Path>({
    method: declared.method,
    path: declared.path,
    fields: declared.fields,
    ...(declared.limit && { limit: declared.limit }),
    async handle(deps, request) {
      const { identity, params } = request
      if (identity.kind !== 'session' || identity.via !== 'cookie') return { goTo: '/signin' }
      const { session } = identity
      if (session.due === 'enrolment' && !declared.mayWait) return { goTo: '/account/enrol' }
      const back = typeof declared.back === 'string' ? declared.back : declared.back(params)
      const confirm = { goTo: `/account/confirm?next=${encodeURIComponent(back)}` }
      if (session.due === 'factor' && !declared.mayWait) return confirm
      if (declared.isFresh && !(await checkFresh(deps, session)).isFresh) return confirm
      try {
        const guard = declared.mayWait ? 'any_session' : 'session'
        return await declared.handle(onBehalfOf(deps, identity, guard), { ...request, session })
      } catch (error) {
        if (error instanceof AuthdError && error.code === 'STEP_UP_REQUIRED') return confirm
        if (error instanceof AuthdError && error.code === 'UNAUTHORIZED') return { goTo: '/signin' }
        throw error
      }
    },
  })
}
