import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { findShownCodes } from '../../flows/factors/shown-codes.ts'
import { relyingParty } from '../../flows/factors/webauthn.ts'
import { endOwnSession, listOwnSessions, signOut } from '../../flows/sessions/end-session.ts'
import { deleteMyself, findOwnUser, listOwnEvents, listSignInMethods, renameMyself } from '../../flows/users/account.ts'
import { exportUser } from '../../flows/users/export.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import { presentOwnEvent, presentPersonalData } from '../../resources/personal-data.ts'
import { typedText } from '../../resources/text-fields.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { parseInput } from '../request/body.ts'
import { accountPage } from './account-page.ts'
import { fields, type PageAnswer, pageError } from './page.ts'
import type { AccountNotice } from './page-values.ts'
import { orAgain } from './retry-form.ts'

const NOTICES = [
  'passkey_added',
  'passkey_renamed',
  'passkey_removed',
  'totp_enabled',
  'totp_removed',
  'codes_saved',
  'name_saved',
  'email_changed',
  'session_ended',
  'others_ended',
  'confirmed',
  'other_account',
  'recovery_code_used',
  'was_me',
] as const satisfies readonly AccountNotice[]
const FEW_CODES = 3

const overview = accountPage({
  method: 'GET',
  path: '/account',
  fields: fields({ done: z.enum(NOTICES).optional().catch(undefined) }),
  back: '/account',
  async handle(deps, { session, fields: { done } }) {
    return await accountAnswer(deps, session, { notice: done })
  },
})

async function accountAnswer(
  deps: Deps,
  session: OwnedSession,
  { notice, error }: { notice?: AccountNotice | undefined; error?: AuthdError },
): Promise<PageAnswer> {
  const user = await findOwnUser(deps, session.userId)
  const methods = await listSignInMethods(deps, user)
  const sessions = await listOwnSessions(deps, user.id)
  const unsaved = await findShownCodes(deps, session)
  const { passkeys, totpSince, recoveryCodes, hasFactor, isRequired } = methods
  return {
    page: 'account',
    ...(error && { status: error.status }),
    values: {
      ...(error && { error: pageError(error) }),
      email: user.emailTyped,
      name: user.name,
      createdAt: user.createdAt,
      ...(notice !== undefined && { notice }),
      offersPasskey: !hasFactor,
      isRequired,
      passkeys: passkeys.map((passkey) => ({
        id: passkey.id,
        name: passkey.name,
        synced: passkey.isBackupEligible,
        createdAt: passkey.createdAt,
        lastUsedAt: passkey.lastUsedAt,
      })),
      totpSince,
      hasFactor,
      codesLeft: recoveryCodes,
      fewCodes: recoveryCodes > 0 && recoveryCodes <= FEW_CODES,
      hasUnsavedCodes: unsaved !== undefined,
      sessions: sessions.map((each) => presentHere(each, session.id)),
      hasOthers: sessions.length > 1,
      rpId: relyingParty(deps.config.current()).rpId,
      webauthnUserId: user.webauthnUserId ?? '',
      credentialIds: passkeys.map(({ credentialId }) => credentialId).join(' '),
    },
  }
}

function presentHere({ id, userAgent, ip, lastSeenAt }: OwnedSession, currentId: string) {
  const device = describeUserAgent(userAgent)
  return { id, ...(device !== undefined && { device }), isCurrent: id === currentId, ip, lastSeenAt }
}

const rename = accountPage({
  method: 'POST',
  path: '/account/name',
  fields: fields({ name: z.string().default('') }),
  back: '/account',
  async handle(deps, { session, actor, fields: form }) {
    return await orAgain(
      async () => {
        const name = parseInput(typedText('user_name', { least: 0 }), form.name, 'name')
        await renameMyself(deps, actor, { userId: session.userId, name: name || null })
        return { goTo: '/account?done=name_saved' }
      },
      ['VALIDATION_ERROR'],
      (error) => accountAnswer(deps, session, { error }),
    )
  },
})

const endOne = accountPage({
  method: 'POST',
  path: '/account/sessions/end',
  fields: fields({ session: z.string().max(64) }),
  back: '/account',
  async handle(deps, { session, actor, fields: form }) {
    try {
      await endOwnSession(deps, actor, { userId: session.userId, sessionId: form.session })
    } catch (error) {
      // The session has already ended, which is what the user asked for.
      if (!(error instanceof AuthdError && error.code === 'SESSION_NOT_FOUND')) throw error
    }
    return { goTo: '/account?done=session_ended' }
  },
})

const endOthers = accountPage({
  method: 'POST',
  path: '/account/sessions/end-others',
  fields: fields({}),
  back: '/account',
  guard: 'any_session',
  async handle(deps, { session, actor }) {
    await signOut(deps, actor, { session, scope: 'others' })
    return { goTo: '/account?done=others_ended' }
  },
})

const activity = accountPage({
  method: 'GET',
  path: '/account/activity',
  fields: fields({}),
  back: '/account/activity',
  async handle(deps, { session }) {
    const events = await listOwnEvents(deps, session.userId)
    return { page: 'activity', values: { events: events.map(presentOwnEvent) } }
  },
})

const exportMine = accountPage({
  method: 'POST',
  path: '/account/export',
  limit: 'own',
  fields: fields({}),
  back: '/account',
  async handle(deps, { session, actor }) {
    const data = await exportUser(deps, actor, { id: session.userId })
    return {
      file: {
        name: 'my-data.json',
        type: 'application/json',
        body: `${JSON.stringify(presentPersonalData(data), null, 2)}\n`,
      },
    }
  },
})

const askDelete = accountPage({
  method: 'GET',
  path: '/account/delete',
  fields: fields({}),
  back: '/account/delete',
  isFresh: true,
  async handle(_deps, { session }) {
    return { page: 'delete', values: { email: session.user.emailTyped } }
  },
})

const remove = accountPage({
  method: 'POST',
  path: '/account/delete',
  fields: fields({}),
  back: '/account/delete',
  async handle(deps, { session, actor }) {
    await deleteMyself(deps, actor, session)
    return { goTo: '/signin?notice=deleted', cookies: [{ kind: 'session_ended' }] }
  },
})

export const accountPages = [overview, rename, endOne, endOthers, activity, exportMine, askDelete, remove]
