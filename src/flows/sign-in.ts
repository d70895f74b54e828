import type { Deps } from '../deps.ts'
import { DAY } from '../platform/clock.ts'
import { digest, mintSecret } from '../platform/secret.ts'
import type { Trx } from '../store/db.ts'
import { rememberDevice } from '../store/devices.ts'
import type { Session } from '../store/sessions.ts'
import { completeSigninAttempt, type SigninAttempt } from '../store/signin-attempts.ts'
import { insertUser, lockUserByEmail, recordSignIn, type User } from '../store/users.ts'
import { type Origin, recordEvent } from './event.ts'
import { endSessionsIn, startSession } from './session.ts'
import { keyring } from './signing-key.ts'
import { maySignIn } from './signup.ts'
import { issueTokens, type Tokens } from './token.ts'

const DEVICE_TTL_MS = 365 * DAY

export interface Completion {
  attempt: SigninAttempt
  /** The person, held by this unit; undefined: nobody has this address yet. */
  user: User | undefined
  method: 'magic_link' | 'email_code'
  /** The browser's live session, which this sign-in replaces. */
  replaces?: Pick<Session, 'id'> | undefined
  device?: string | undefined
}

export interface SignedIn {
  session: Session
  user: User
  attempt: SigninAttempt
  /** For the browser, where the attempt delivers so. */
  cookie: string | undefined
  device: string | undefined
}

/**
 * The one ending of every method, and the only maker of sessions: at most once an attempt. The unit that proved
 * something calls it; undefined: refused (disabled, sign-up closed, completed before), whatever the proof.
 */
export async function completeSignIn(
  deps: Deps,
  trx: Trx,
  origin: Origin,
  { attempt, user: known, method, replaces, device }: Completion,
): Promise<SignedIn | undefined> {
  const now = deps.clock.now()
  const email = attempt.email
  if (email === null) throw new Error('an attempt without an address was proven by mail')
  const user = known ?? (await makeUser(deps, trx, origin, { email, emailTyped: attempt.emailTyped ?? email }))
  if (!user)
    return await refuse(deps, trx, origin, {
      email,
      method,
      reason: 'not_allowed',
    })
  if (user.disabledAt !== null)
    return await refuse(deps, trx, origin, {
      email,
      method,
      reason: 'disabled',
      userId: user.id,
    })
  if (!(await completeSigninAttempt(trx, { id: attempt.id, now }))) return undefined
  await recordSignIn(trx, user.id, now)
  if (replaces)
    await endSessionsIn(deps, trx, origin, {
      filter: { ids: [replaces.id] },
      reason: 'replaced',
    })
  const by = { ...origin, actor: `user:${user.id}` }
  const { deliver: delivery } = attempt
  const { session, cookie } = await startSession(deps, trx, by, {
    userId: user.id,
    email,
    delivery,
    amr: ['email'],
    aal: 1,
  })
  await recordEvent(deps, trx, by, {
    type: 'user.authenticated',
    userId: user.id,
    email,
    sessionId: session.id,
    metadata: { method },
  })
  const deviceToken = delivery === 'cookie' ? (device ?? `${deps.random.id('dev')}.${mintSecret(deps.random)}`) : device
  if (deviceToken !== undefined) {
    await rememberDevice(trx, {
      userId: user.id,
      deviceDigest: digest(deviceToken),
      now,
      expiresAt: now + DEVICE_TTL_MS,
    })
  }
  return {
    session,
    user,
    attempt,
    cookie,
    device: delivery === 'cookie' ? deviceToken : undefined,
  }
}

/** A new person, held until the unit ends, if the sign-up policy lets them in; whoever raced made them, once. */
async function makeUser(
  deps: Deps,
  trx: Trx,
  origin: Origin,
  { email, emailTyped }: { email: string; emailTyped: string },
): Promise<User | undefined> {
  if (!maySignIn(deps.config.current().signup, email, undefined)) return undefined
  const now = deps.clock.now()
  const id = deps.random.id('usr')
  const isInserted = await insertUser(trx, {
    id,
    email,
    emailTyped,
    name: null,
    emailVerifiedAt: now,
    createdAt: now,
  })
  if (isInserted) {
    await recordEvent(deps, trx, { ...origin, actor: `user:${id}` }, { type: 'user.registered', userId: id, email })
  }
  return await lockUserByEmail(trx, email)
}

async function refuse(
  deps: Deps,
  trx: Trx,
  origin: Origin,
  refusal: { email: string; method: string; reason: string; userId?: string },
): Promise<undefined> {
  const { email, method, reason, userId = null } = refusal
  const metadata = { method, reason }
  await recordEvent(deps, trx, origin, {
    type: 'user.authentication_failed',
    outcome: 'failure',
    userId,
    email,
    metadata,
  })
}

export type SignInResult =
  | { status: 'complete'; signedIn: SignedIn; tokens: Tokens | undefined }
  | { status: 'continue_elsewhere' }

/** What follows the unit: tokens are signed outside of it. */
export async function presentSignIn(deps: Deps, signedIn: SignedIn): Promise<SignInResult> {
  const tokens = signedIn.session.delivery === 'tokens' ? await issueTokens(deps, signedIn.session) : undefined
  return { status: 'complete', signedIn, tokens }
}

/** Before anything is spent: what presentSignIn will need must be there. */
export async function prepareSignIn(deps: Deps): Promise<void> {
  await keyring(deps)
}
