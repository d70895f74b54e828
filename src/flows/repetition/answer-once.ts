import type { Deps } from '../../deps.ts'
import { AuthdError, type ErrorCode } from '../../errors.ts'
import { isInForce, MINUTE, SECOND } from '../../platform/clock.ts'
import { pause } from '../../platform/event-loop.ts'
import { type AnswerHolder, claimAnswer, deleteClaim, findAnswer, keepAnswer } from '../../store/answers.ts'
import type { Trx } from '../../store/db.ts'
import { type Caller, holderOf, mayRepeat } from './may-repeat.ts'

/** How long the answer to a form or a proof is kept, and how long a replaced or spent credential counts. */
const REPEATABLE_MS = 10 * SECOND
/** How long the answer to a request with an `Idempotency-Key` is kept. */
const KEYED_MS = 10 * MINUTE
/** No request takes longer. After it, a claim without an answer is one of a process that died. */
const CLAIM_MS = 30 * SECOND
const LOOK_EVERY_MS = 25
const LOOKS = 200
const ROUNDS = 3

/** What makes a request a repetition of another. */
export interface Repeatable {
  /**
   * `form`: a form with a one-time id. `key`: an `Idempotency-Key`. `proof`: a proof of a sign-in, by its attempt. A
   * proof that was wrong is not remembered, because each try counts.
   */
  kind: 'form' | 'key' | 'proof'
  /** `POST /v1/signin/code` */
  route: string
  /** The id of the form or attempt, or the key with the public id of its caller. */
  once: string
  /** The digest of all that the work reads of the request. */
  bodyDigest: string
  caller: Caller
}

/** What an answer is to those who repeat its request. */
export interface Described {
  isFailure: boolean
  /** It ended the session that the request showed. */
  isEnding: boolean
  /** The session that it begins or renews. */
  sessionId: string | undefined
  /** It says nothing but its status, so it speaks of no user. */
  isEmpty: boolean
}

export interface Answered<Answer> {
  answer: Answer
  isRepeated: boolean
}

type Outcome<Answer> = { answer: Answer } | { error: Pick<AuthdError, 'code' | 'message' | 'details' | 'retryAfter'> }

/** Another request has claimed the answer. The unit that finds it is undone. */
class Claimed extends Error {}

/** Refusals of the caller. Nothing was tried, so there is nothing to repeat. */
const NOTHING_TRIED = new Set<ErrorCode>([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'STEP_UP_REQUIRED',
  'ENROLMENT_REQUIRED',
  'RATE_LIMITED',
])

/**
 * Does the work of a request once: a repetition gets the answer of the first request, and waits for it if need be. The
 * claim is part of the first unit of work, so that it exists if and only if that unit was committed. Work that writes
 * nothing may be done twice. Throws IDEMPOTENCY_KEY_REUSED for another request or credential, REQUEST_IN_PROGRESS for a
 * key whose first request is under way, was interrupted or has lost its answer to a deletion, UNAVAILABLE for a form or proof.
 */
export async function answerOnce<Answer>(
  deps: Deps,
  asked: Repeatable | undefined,
  work: (deps: Deps) => Promise<Answer>,
  describe: (answer: Answer) => Described,
): Promise<Answered<Answer>> {
  if (!asked) return { answer: await work(deps), isRepeated: false }
  const id = idOf(deps, asked)
  for (let round = 1; round <= ROUNDS; round += 1) {
    const first = await findFirst<Answer>(deps, id, asked)
    if (first) return first
    const claim = await claiming(deps, id, asked)
    if (!claim) break
    const outcome = await outcomeOf(() => work(claim.deps))
    if (claim.isHeld()) {
      await finish(deps, { id, asked, claim }, outcome, describe)
      return show(outcome, false)
    }
    if (!('thrown' in outcome && outcome.thrown instanceof Claimed)) {
      // It may have read what the first request had just changed.
      return (await findFirst<Answer>(deps, id, asked)) ?? show(outcome, false)
    }
  }
  if (asked.kind === 'proof') return { answer: await work(deps), isRepeated: false }
  // The answer belongs to a caller who has proven more, or whose session has ended. The work is not done twice for that.
  throw new AuthdError(asked.kind === 'key' ? 'IDEMPOTENCY_KEY_REUSED' : 'UNAVAILABLE')
}

function idOf({ keys }: Pick<Deps, 'keys'>, { kind, route, once, bodyDigest }: Repeatable): string {
  // The same key with another body is an error. The same form with another body is another request.
  return keys.mac('answer', [kind, route, once, kind === 'key' ? '' : bodyDigest].join('\n'))
}

/** The answer of the first request, if this is a repetition. Waits for it for at most five seconds. */
async function findFirst<Answer>(deps: Deps, id: string, asked: Repeatable): Promise<Answered<Answer> | undefined> {
  for (let look = 0; look < LOOKS; look += 1) {
    const now = deps.clock.now()
    const found = await deps.db.read(async (sql) => {
      const one = await findAnswer(sql, id)
      if (!one || !isInForce(now, one.createdAt, one.expiresAt)) return undefined
      return (await mayRepeat(deps, sql, one, asked)) ? one : undefined
    })
    if (!found) return undefined
    if (asked.kind === 'key' && found.bodyDigest !== asked.bodyDigest) throw new AuthdError('IDEMPOTENCY_KEY_REUSED')
    if (found.sealed !== null) {
      if (found.sessionId === null && (found.holder?.epoch ?? found.epochNow) !== found.epochNow) throw erased()
      const outcome = JSON.parse(deps.keys.open(sealContext(id), found.sealed)) as Outcome<Answer>
      if ('answer' in outcome) return { answer: outcome.answer, isRepeated: true }
      throw new AuthdError(outcome.error.code, definedOf(outcome.error))
    }
    if (asked.kind === 'key') throw underWay(isInForce(now, found.createdAt, found.createdAt + CLAIM_MS))
    await pause(LOOK_EVERY_MS)
  }
  throw new AuthdError('UNAVAILABLE', { retryAfter: 1 })
}

function underWay(isRunning: boolean): AuthdError {
  if (isRunning) return new AuthdError('REQUEST_IN_PROGRESS', { retryAfter: 1 })
  const message =
    'The first request with this Idempotency-Key was interrupted, so it may have been done or not. Look, and use a new key if you repeat it.'
  return new AuthdError('REQUEST_IN_PROGRESS', { message })
}

function erased(): AuthdError {
  const message =
    'The answer to the first request with this Idempotency-Key is no longer given, because a user was deleted since. Look what it did, and use a new key if you repeat it.'
  return new AuthdError('REQUEST_IN_PROGRESS', { message })
}

interface Claim {
  createdAt: number
  holder: AnswerHolder
  sessionId: string | null
}

/**
 * Dependencies whose first unit of work claims the answer: before it does anything else, so that another one waits. A
 * proof is claimed only once it was right, because it is spent once anyway, and many wrong ones may not wait for each other.
 */
async function claiming(deps: Deps, id: string, asked: Repeatable) {
  const { kind, bodyDigest, caller } = asked
  const createdAt = deps.clock.now()
  const proven = await deps.db.read((sql) => holderOf(sql, asked))
  if (!proven) return undefined
  const holder = { ...proven, isEnding: false, soonUntil: createdAt + CLAIM_MS }
  const sessionId = caller.proven?.id === proven.caller && caller.proven.id.startsWith('ses_') ? proven.caller : null
  const expiresAt = createdAt + (kind === 'key' ? KEYED_MS : CLAIM_MS)
  const row = { id, bodyDigest, holder, sessionId, sealed: null, createdAt, expiresAt }
  let isHeld = false
  const isClaimed = async (trx: Trx) => {
    const other = await findAnswer(trx, id)
    return other !== undefined && isInForce(createdAt, other.createdAt, other.expiresAt)
  }
  const write = async <Result>(unit: (trx: Trx) => Promise<Result>): Promise<Result> => {
    if (isHeld) return await deps.db.write(unit)
    const done = await deps.db.write(async (trx) => {
      const claim = async () => {
        if (!(await claimAnswer(trx, row))) throw new Claimed()
      }
      if (kind !== 'proof') await claim()
      const result = await unit(trx)
      const isNothing = result instanceof AuthdError && (kind === 'proof' || NOTHING_TRIED.has(result.code))
      if (kind === 'proof' && !isNothing) await claim()
      // The same proof was right a moment ago. It is spent now because of that.
      if (kind === 'proof' && isNothing && (await isClaimed(trx))) throw new Claimed()
      if (kind !== 'proof' && isNothing) await deleteClaim(trx, row)
      return { result, isNothing }
    })
    isHeld = !done.isNothing
    return done.result
  }
  return { deps: { ...deps, db: { ...deps.db, write } }, createdAt, holder, sessionId, isHeld: () => isHeld }
}

type Done<Answer> = { answer: Answer } | { thrown: unknown }

async function outcomeOf<Answer>(work: () => Promise<Answer>): Promise<Done<Answer>> {
  try {
    return { answer: await work() }
  } catch (thrown) {
    return { thrown }
  }
}

function show<Answer>(done: Done<Answer>, isRepeated: boolean): Answered<Answer> {
  if ('thrown' in done) throw done.thrown
  return { answer: done.answer, isRepeated }
}

/** Keeps what a repetition gets again, and gives up the claim otherwise. */
async function finish<Answer>(
  deps: Deps,
  { id, asked, claim }: { id: string; asked: Repeatable; claim: Claim },
  done: Done<Answer>,
  describe: (answer: Answer) => Described,
): Promise<void> {
  const { createdAt } = claim
  const kept = keptOf(asked, done, describe)
  try {
    if (!kept) return await deps.db.write((trx) => deleteClaim(trx, { id, createdAt }))
    const { isEnding, sessionId, isEmpty } = kept
    const sealed = deps.keys.seal(sealContext(id), JSON.stringify(kept.outcome))
    const now = deps.clock.now()
    const { epoch, ...claimed } = claim.holder
    const ended = isEmpty || epoch === undefined ? {} : { epoch }
    const holder = { ...claimed, ...ended, isEnding, soonUntil: now + REPEATABLE_MS }
    const own = { id, createdAt, holder, sessionId: isEnding ? null : (sessionId ?? claim.sessionId), sealed }
    const expiresAt = now + (asked.kind === 'key' ? KEYED_MS : REPEATABLE_MS)
    await deps.db.write((trx) => keepAnswer(trx, { ...own, expiresAt }))
  } catch (error) {
    // The work is done, and this request gets its answer.
    deps.log.warn('an answer could not be kept for a repetition', { error })
  }
}

function keptOf<Answer>(
  { kind }: Repeatable,
  done: Done<Answer>,
  describe: (answer: Answer) => Described,
): ({ outcome: Outcome<Answer> } & Omit<Described, 'isFailure'>) | undefined {
  if ('answer' in done) {
    const { isFailure, ...described } = describe(done.answer)
    return kind === 'proof' && isFailure ? undefined : { outcome: done, ...described }
  }
  const { thrown } = done
  const isKept =
    kind !== 'proof' && thrown instanceof AuthdError && thrown.status < 500 && !NOTHING_TRIED.has(thrown.code)
  if (!isKept) return undefined
  const { code, message, details, retryAfter } = thrown
  const outcome = { error: { code, message, details, retryAfter } }
  return { outcome, isEnding: false, sessionId: undefined, isEmpty: false }
}

/** Without what JSON left out. */
function definedOf({ message, details, retryAfter }: { message: string; details?: unknown; retryAfter?: unknown }) {
  return {
    message,
    ...(details !== undefined && { details: details as Record<string, unknown> }),
    ...(retryAfter !== undefined && { retryAfter: Number(retryAfter) }),
  }
}

function sealContext(rowId: string) {
  return { table: 'answers', column: 'sealed', rowId }
}
