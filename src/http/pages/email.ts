import { z } from 'zod'
import { AuthdError } from '../../errors.ts'
import {
  beginEmailChange,
  findRestorable,
  findWaitingChange,
  finishEmailChange,
  restoreEmail,
  sendRestoreMail,
} from '../../flows/users/email-change.ts'
import { maskEmail, parseEmailAddress } from '../../platform/email-address.ts'
import { sessionCookies } from '../endpoint/session-answer.ts'
import { accountPage } from './account-page.ts'
import { orEnded } from './ended-link.ts'
import { refusedEmail } from './mend-email.ts'
import { codeRefused, fields, linkToken, mailNotSent, type PageAnswer, page, pageError, typedCode } from './page.ts'
import { orAgain } from './retry-form.ts'

const CHANGE = {
  kind: 'change',
  action: '/account/email/code',
  back: '/account/email',
  again: '/account/email',
} as const
const RESTORE = { kind: 'restore', action: '/restore-email/code', back: '/signin', again: '/restore-email' } as const
const token = linkToken('emc')
const code = typedCode

const ask = accountPage({
  method: 'GET',
  path: '/account/email',
  fields: fields({}),
  back: '/account/email',
  isFresh: true,
  async handle(_deps, { session }) {
    return { page: 'email', values: { current: session.user.emailTyped } }
  },
})

const begin = accountPage({
  method: 'POST',
  path: '/account/email',
  limit: 'stranger',
  fields: fields({ email: z.string().max(320), again: z.string().optional() }),
  back: '/account/email',
  async handle(deps, { session, actor, fields: form, cookies, lang }) {
    return await orAgain(
      async () => {
        const address = parseEmailAddress(form.email)
        if (!address) throw new AuthdError('VALIDATION_ERROR')
        await beginEmailChange(deps, actor, { session, address, lang, device: cookies.device })
        return { goTo: `/account/email/code${form.again === undefined ? '' : '?again=1'}` }
      },
      ['VALIDATION_ERROR', 'CONFLICT', 'FORBIDDEN', 'RATE_LIMITED'],
      async (error) => {
        const { status } = error
        const waiting = form.again === undefined ? undefined : await findWaitingChange(deps, session)
        if (waiting !== undefined)
          return { page: 'mailcode', status, values: { ...CHANGE, email: waiting, error: mailNotSent(error) } }
        const values = { current: session.user.emailTyped, ...refusedAs(error, form.email) }
        return { page: 'email', status, values }
      },
    )
  },
})

function refusedAs(error: AuthdError, typed: string) {
  if (error.code !== 'VALIDATION_ERROR') return { typed, error: mailNotSent(error) }
  const refused = refusedEmail(typed)
  return { typed: refused.email, error: refused.error }
}

const askCode = accountPage({
  method: 'GET',
  path: '/account/email/code',
  fields: fields({ again: z.string().optional() }),
  back: '/account/email',
  async handle(deps, { session, fields: { again } }) {
    const email = await findWaitingChange(deps, session)
    if (email === undefined) return { goTo: '/account/email' }
    const notice = again !== undefined && { notice: 'sent_again' as const }
    return { page: 'mailcode', values: { ...CHANGE, email, ...notice } }
  },
})

const finish = accountPage({
  method: 'POST',
  path: '/account/email/code',
  limit: 'guess',
  fields: fields({ code }),
  back: '/account/email',
  async handle(deps, { session, actor, fields: form, cookies }) {
    return await orAgain(
      async () => {
        const renewed = await finishEmailChange(deps, actor, { session, code: form.code, device: cookies.device })
        return { goTo: '/account?done=email_changed', cookies: sessionCookies(renewed) }
      },
      ['INVALID_CREDENTIALS', 'VALIDATION_ERROR', 'FORBIDDEN'],
      async (error) => {
        const email = await findWaitingChange(deps, session)
        if (email === undefined) return { goTo: '/account/email' }
        return { page: 'mailcode', status: error.status, values: { ...CHANGE, email, error: codeRefused(error) } }
      },
    )
  },
})

const restore = page({
  method: 'GET',
  path: '/restore-email',
  limit: 'stranger',
  fields: fields({ token }),
  async handle(deps, { fields: query }) {
    return await orEnded('restore', async () => {
      const { newEmail, oldEmail } = await findRestorable(deps, query.token)
      const values = { newMasked: maskEmail(newEmail), old: oldEmail, token: query.token }
      return { page: 'restore', values }
    })
  },
})

const sendRestore = page({
  method: 'POST',
  path: '/restore-email',
  limit: 'guess',
  fields: fields({ token }),
  async handle(deps, { fields: form, actor, cookies, lang }) {
    const shown = async () => ({
      ...RESTORE,
      email: maskEmail((await findRestorable(deps, form.token)).oldEmail),
      token: form.token,
    })
    const send = async (): Promise<PageAnswer> => {
      await sendRestoreMail(deps, actor, { token: form.token, lang, device: cookies.device })
      return { page: 'mailcode', values: await shown() }
    }
    // An earlier mail is still valid, so the page takes its code.
    const again = async (error: AuthdError): Promise<PageAnswer> => ({
      page: 'mailcode',
      status: error.status,
      values: { ...(await shown()), error: mailNotSent(error) },
    })
    return await orEnded('restore', () => orAgain(send, ['RATE_LIMITED'], again))
  },
})

const finishRestore = page({
  method: 'POST',
  path: '/restore-email/code',
  limit: 'guess',
  fields: fields({ token, code }),
  async handle(deps, { fields: form, actor, cookies }) {
    const finish = async (): Promise<PageAnswer> => {
      await restoreEmail(deps, actor, { token: form.token, code: form.code, device: cookies.device })
      return { goTo: '/signin?notice=email_restored', cookies: [{ kind: 'session_ended' }] }
    }
    const again = async (error: AuthdError): Promise<PageAnswer> => {
      const email = maskEmail((await findRestorable(deps, form.token)).oldEmail)
      const values = { ...RESTORE, email, token: form.token, error: pageError(error) }
      return { page: 'mailcode', status: error.status, values }
    }
    return await orEnded('restore', () => orAgain(finish, ['INVALID_CREDENTIALS', 'CONFLICT'], again))
  },
})

export const emailPages = [ask, begin, askCode, finish, restore, sendRestore, finishRestore]
