import type { Deps } from '../../deps.ts'
import { isInForce } from '../../platform/clock.ts'
import { mintSecret } from '../../platform/secret.ts'
import { claimAnswer } from '../../store/answers.ts'
import { lockUser } from '../../store/users.ts'
import { decide } from '../decide.ts'
import type { Actor } from '../record-event.ts'
import { insertAttempt } from '../signin/begin.ts'
import {
  completeSignIn,
  prepareSignIn,
  presentSignIn,
  type SignInOutcome,
  type SignInResult,
} from '../signin/complete.ts'
import type { Redemption } from '../signin/redeem.ts'
import { CHALLENGE_TTL_MS, type PasskeyAnswer, type PasskeyOptions } from './passkey-challenge.ts'
import { accept, check, notAccepted, noteFailure } from './passkey-check.ts'
import { relyingParty } from './webauthn.ts'

/** `page.<time>.<nonce>`: the id of a challenge without a row. */
const ID = /^page\.(\d{1,15})\.([\w-]{43})$/

/**
 * A challenge for any passkey, of a browser with this secret in its cookie. Most sign-in pages are never answered, so it
 * has no row: its text is a MAC of the id and the secret.
 */
export function pageChallenge(deps: Pick<Deps, 'clock' | 'random' | 'keys' | 'config'>, visit: string): PasskeyOptions {
  const madeAt = deps.clock.now()
  const challengeId = `page.${madeAt}.${mintSecret(deps.random)}`
  return {
    challengeId,
    options: {
      challenge: textOf(deps, challengeId, visit),
      rpId: relyingParty(deps.config.current()).rpId,
      allowCredentials: [],
      userVerification: 'required',
      timeout: CHALLENGE_TTL_MS,
    },
    expiresAt: madeAt + CHALLENGE_TTL_MS,
  }
}

/**
 * Signs in with the answer to a page's challenge. The attempt begins with it. Throws INVALID_CREDENTIALS for any fault;
 * the challenge is spent either way.
 */
export async function redeemPageChallenge(
  deps: Deps,
  actor: Actor,
  input: PasskeyAnswer &
    Pick<Redemption, 'replaces' | 'device'> & { visit: string | undefined; redirectTo?: string; lang: string },
): Promise<SignInResult> {
  await prepareSignIn(deps)
  const challenge = await spend(deps, input)
  const checked = await check(deps, { credential: input.credential, challenge, isUserKnown: false })
  const outcome = await decide<SignInOutcome>(deps, async (trx) => {
    const user = checked && (await lockUser(trx, checked.user.id))
    if (!checked || !user || !(await accept(deps, trx, actor, { user, checked }))) {
      await noteFailure(deps, trx, actor, { email: null })
      return notAccepted()
    }
    const { redirectTo, lang, replaces, device } = input
    const begun = { purpose: 'signin', boundTo: null, email: undefined, deliver: 'cookie', redirectTo, lang } as const
    const { attempt } = await insertAttempt(deps, trx, actor, { ...begun, linkTo: undefined })
    const proven = { attempt, user, proof: 'passkey', method: 'passkey', replaces, device } as const
    return (await completeSignIn(deps, trx, actor, proven)) ?? notAccepted()
  })
  return await presentSignIn(deps, outcome)
}

/** The text of the challenge, for one of any number of racers, until it expires. */
async function spend(
  deps: Deps,
  { challengeId, visit }: { challengeId: string; visit: string | undefined },
): Promise<string> {
  const madeAt = Number(ID.exec(challengeId)?.[1])
  const now = deps.clock.now()
  if (visit === undefined || !isInForce(now, madeAt, madeAt + CHALLENGE_TTL_MS)) throw notAccepted()
  const challenge = textOf(deps, challengeId, visit)
  const id = deps.keys.mac('answer', `passkey ${challenge}`)
  // It begins with the challenge, so that a clock that is set back revives neither without the other.
  const row = { id, bodyDigest: '', holder: null, sessionId: null, sealed: null, createdAt: madeAt }
  const claim = { ...row, expiresAt: madeAt + CHALLENGE_TTL_MS }
  return await decide(deps, async (trx) => ((await claimAnswer(trx, claim)) ? challenge : notAccepted()))
}

function textOf({ keys }: Pick<Deps, 'keys'>, challengeId: string, visit: string): string {
  return keys.mac('page-challenge', `${challengeId} ${visit}`)
}
