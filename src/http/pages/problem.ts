import { AuthdError, ERRORS, type ErrorCode } from '../../errors.ts'
import { problemName } from '../middleware/errors.ts'
import { fields, page } from './page.ts'

const HOUR_S = 3600

/** The page that the `type` of an error links to. It explains the code. */
const problem = page({
  method: 'GET',
  path: '/problems/:name',
  fields: fields({}),
  publicMaxAge: HOUR_S,
  async handle(_deps, { params }) {
    const code = (Object.keys(ERRORS) as ErrorCode[]).find((known) => problemName(known) === params.name)
    if (!code) throw new AuthdError('NOT_FOUND')
    return { page: 'problem', values: { code, message: ERRORS[code].message, status: ERRORS[code].status } }
  },
})

const start = page({
  method: 'GET',
  path: '/',
  fields: fields({}),
  async handle() {
    return { goTo: '/signin' }
  },
})

export const problemPages = [start, problem]
