import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import type { AuthdError } from '../../errors.ts'
import { removeOwnPasskey, renameOwnPasskey } from '../../flows/factors/own-passkeys.ts'
import { enrolPasskey } from '../../flows/factors/passkey-enrolment.ts'
import { remakeRecoveryCodes } from '../../flows/factors/recovery-code.ts'
import { confirmCodesSaved, findShownCodes } from '../../flows/factors/shown-codes.ts'
import { beginTotp, findPendingTotp, finishTotp, removeOwnTotp, type TotpEnrolment } from '../../flows/factors/totp.ts'
import { findOwnUser, listSignInMethods } from '../../flows/users/account.ts'
import { authenticatorName } from '../../platform/authenticator-name.ts'
import { qrSvg } from '../../platform/qr.ts'
import { typedText } from '../../resources/text-fields.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { sessionCookies } from '../endpoint/session-answer.ts'
import { parseInput } from '../request/body.ts'
import { accountPage } from './account-page.ts'
import {
  allowedRedirect,
  codeRefused,
  fields,
  type PageAnswer,
  pageError,
  passkeyFields,
  redirectField,
  typedCode,
} from './page.ts'
import { orAgain } from './retry-form.ts'

const CODES_FILE = 'recovery-codes.txt'
const NEW_CODES = '/account/recovery-codes/new'

const newPasskey = accountPage({
  method: 'GET',
  path: '/account/passkeys/new',
  fields: fields({ offer: z.string().optional(), redirect_to: redirectField }),
  back: '/account/passkeys/new',
  isFresh: true,
  guard: 'enrol',
  async handle(deps, { fields: { offer, redirect_to } }) {
    return { page: 'passkey-new', values: { isOffer: offer !== undefined, ...allowedRedirect(deps, redirect_to) } }
  },
})

const addPasskey = accountPage({
  method: 'POST',
  path: '/account/passkeys',
  fields: fields({ ...passkeyFields, redirect_to: redirectField }),
  back: '/account/passkeys/new',
  guard: 'enrol',
  async handle(deps, { session, actor, fields: form }) {
    const made = { session, challengeId: form.challenge_id, credential: form.credential, name: undefined }
    const { redirectTo } = allowedRedirect(deps, form.redirect_to)
    return await orAgain(
      async () => {
        const { renewed } = await enrolPasskey(deps, actor, made)
        return { goTo: redirectTo ?? (await afterPasskey(deps, session)), cookies: sessionCookies(renewed) }
      },
      ['PASSKEY_NOT_ACCEPTED', 'CONFLICT'],
      (error) => ({
        page: 'passkey-new',
        status: error.status,
        values: { isOffer: redirectTo !== undefined, ...allowedRedirect(deps, redirectTo), error: pageError(error) },
      }),
    )
  },
})

/** A mail alone no longer signs in, so a user whose first passkey has no codes beside it is offered some. */
async function afterPasskey(deps: Deps, { userId }: OwnedSession): Promise<string> {
  const { passkeys, recoveryCodes } = await listSignInMethods(deps, await findOwnUser(deps, userId))
  const isAlone = passkeys.length === 1 && recoveryCodes === 0
  return isAlone ? '/account/recovery-codes?added=1' : '/account?done=passkey_added'
}

const onePasskey = accountPage({
  method: 'GET',
  path: '/account/passkeys/:id',
  fields: fields({}),
  back: ({ id }) => `/account/passkeys/${id}`,
  isFresh: true,
  async handle(deps, { session, params }) {
    return await passkeyPage(deps, session, params.id)
  },
})

async function passkeyPage(
  deps: Deps,
  session: OwnedSession,
  passkeyId: string,
  error?: AuthdError,
): Promise<PageAnswer> {
  const methods = await listSignInMethods(deps, await findOwnUser(deps, session.userId))
  const own = methods.passkeys
  const found = own.find(({ id }) => id === passkeyId)
  if (!found) return { goTo: '/account' }
  const { id, name, aaguid, isBackupEligible: synced, createdAt } = found
  const isLast = own.length === 1
  const endsCodes = isLast && methods.totpSince === null && methods.recoveryCodes > 0
  const values = { id, name, maker: authenticatorName(aaguid) ?? null, synced, createdAt, isLast, endsCodes }
  return {
    page: 'passkey',
    ...(error && { status: error.status }),
    values: { ...values, ...(error && { error: pageError(error) }) },
  }
}

const renamePasskey = accountPage({
  method: 'POST',
  path: '/account/passkeys/:id/name',
  fields: fields({ name: z.string() }),
  back: '/account',
  async handle(deps, { session, params, actor, fields: form }) {
    return await orAgain(
      async () => {
        const name = parseInput(typedText('passkey_name'), form.name, 'name')
        await renameOwnPasskey(deps, actor, { userId: session.userId, id: params.id, name })
        return { goTo: '/account?done=passkey_renamed' }
      },
      ['VALIDATION_ERROR'],
      (error) => passkeyPage(deps, session, params.id, error),
    )
  },
})

const removePasskey = accountPage({
  method: 'POST',
  path: '/account/passkeys/:id/remove',
  fields: fields({}),
  back: ({ id }) => `/account/passkeys/${id}`,
  async handle(deps, { session, params, actor }) {
    const renewed = await removeOwnPasskey(deps, actor, { session, id: params.id })
    return { goTo: '/account?done=passkey_removed', cookies: sessionCookies(renewed) }
  },
})

const totp = accountPage({
  method: 'GET',
  path: '/account/totp',
  fields: fields({}),
  back: '/account/totp',
  isFresh: true,
  guard: 'enrol',
  async handle(deps, { session }) {
    return { page: 'totp', values: await totpState(deps, session) }
  },
})

async function totpState(deps: Deps, { userId }: OwnedSession): Promise<{ isOn: boolean; endsCodes: boolean }> {
  const { totpSince, passkeys, recoveryCodes } = await listSignInMethods(deps, await findOwnUser(deps, userId))
  return { isOn: totpSince !== null, endsCodes: passkeys.length === 0 && recoveryCodes > 0 }
}

const setUpTotp = accountPage({
  method: 'POST',
  path: '/account/totp/setup',
  fields: fields({}),
  back: '/account/totp',
  guard: 'enrol',
  async handle(deps, { session }) {
    await beginTotp(deps, session)
    return { goTo: '/account/totp/setup' }
  },
})

/** The secret has a page of its own, so that the back button and a reload show it again. */
const showTotp = accountPage({
  method: 'GET',
  path: '/account/totp/setup',
  fields: fields({}),
  back: '/account/totp',
  isFresh: true,
  guard: 'enrol',
  async handle(deps, { session }) {
    const pending = await findPendingTotp(deps, session)
    return pending ? { page: 'totp-setup', values: shownSecret(pending) } : { goTo: '/account/totp' }
  },
})

function shownSecret({ secret, uri }: TotpEnrolment) {
  return { secret: secret.replace(/(.{4})(?=.)/g, '$1 '), uri, qr: qrSvg(uri) }
}

const confirmTotp = accountPage({
  method: 'POST',
  path: '/account/totp',
  fields: fields({ code: typedCode }),
  back: '/account/totp',
  guard: 'enrol',
  async handle(deps, { session, actor, fields: { code } }) {
    return await orAgain(
      async () => {
        const { renewed, recoveryCodes: codes } = await finishTotp(deps, actor, { session, code })
        const cookies = sessionCookies(renewed)
        return { goTo: codes === undefined ? '/account?done=totp_enabled' : NEW_CODES, cookies }
      },
      ['INVALID_CREDENTIALS', 'VALIDATION_ERROR'],
      async (error) => {
        const pending = await findPendingTotp(deps, session)
        const failed = { error: codeRefused(error) }
        if (pending) return { page: 'totp-setup', status: error.status, values: { ...shownSecret(pending), ...failed } }
        return { page: 'totp', status: error.status, values: { ...(await totpState(deps, session)), ...failed } }
      },
    )
  },
})

const removeTotp = accountPage({
  method: 'POST',
  path: '/account/totp/remove',
  fields: fields({}),
  back: '/account/totp',
  async handle(deps, { session, actor }) {
    const renewed = await removeOwnTotp(deps, actor, session)
    return { goTo: '/account?done=totp_removed', cookies: sessionCookies(renewed) }
  },
})

const recoveryCodes = accountPage({
  method: 'GET',
  path: '/account/recovery-codes',
  fields: fields({ added: z.string().optional() }),
  back: '/account/recovery-codes',
  isFresh: true,
  async handle(deps, { session, fields: { added } }) {
    const { hasFactor, recoveryCodes } = await listSignInMethods(deps, await findOwnUser(deps, session.userId))
    const notice = added !== undefined && hasFactor && { notice: 'passkey_added' as const }
    return { page: 'recovery-codes', values: { hasFactor, codesLeft: recoveryCodes, ...notice } }
  },
})

const makeCodes = accountPage({
  method: 'POST',
  path: '/account/recovery-codes',
  fields: fields({}),
  back: '/account/recovery-codes',
  async handle(deps, { session, actor }) {
    const { renewed } = await remakeRecoveryCodes(deps, actor, session)
    return { goTo: NEW_CODES, cookies: sessionCookies(renewed) }
  },
})

/** A page of its own, which can be loaded again: the answer to a form may be lost, and the codes are made once. */
const newCodes = accountPage({
  method: 'GET',
  path: NEW_CODES,
  fields: fields({}),
  back: '/account',
  async handle(deps, { session }) {
    const codes = await findShownCodes(deps, session)
    return codes
      ? { page: 'codes', values: { codes, fileName: CODES_FILE, email: session.user.emailTyped } }
      : { goTo: '/account/recovery-codes' }
  },
})

const codesSaved = accountPage({
  method: 'POST',
  path: '/account/recovery-codes/saved',
  fields: fields({}),
  back: '/account',
  async handle(deps, { session }) {
    await confirmCodesSaved(deps, session)
    return { goTo: '/account?done=codes_saved' }
  },
})

const enrol = accountPage({
  method: 'GET',
  path: '/account/enrol',
  fields: fields({}),
  back: '/account/enrol',
  guard: 'enrol',
  async handle(_deps, { session }) {
    return session.due === 'enrolment' ? { page: 'enrol', values: {} } : { goTo: '/account' }
  },
})

export const myFactorPages = [
  newPasskey,
  addPasskey,
  onePasskey,
  renamePasskey,
  removePasskey,
  totp,
  showTotp,
  setUpTotp,
  confirmTotp,
  removeTotp,
  recoveryCodes,
  makeCodes,
  newCodes,
  codesSaved,
  enrol,
]
