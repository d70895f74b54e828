import type { Deps } from '../deps.ts'
import { AuthdError, type ErrorCode } from '../errors.ts'
import { isInForce, MINUTE, SECOND } from '../platform/clock.ts'
import { pause } from '../platform/event-loop.ts'
import { digest } from '../platform/secret.ts'
import { claimAnswer, deleteAnswer, findAnswer, keepAnswer, type StoredAnswer } from '../store/answers.ts'
import type { Trx } from '../store/db.ts'

/** How long the answer to a form or a proof is kept. */
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
  bodyDigest: string
  /** The credentials that the request shows. Without any, knowing the rest is enough. */
  shows: string[]
}

/** What an answer is, and which credentials it hands over. Their holder may repeat the request, too. */
export interface Described {
  isFailure: boolean
  gives: string[]
  /** It ended the session that the request showed. */
  isEnding: boolean
}

export interface Answered<Answer> {
  answer: Answer
  isRepeated: boolean
}

type Outcome<Answer> = { answer: Answer } | { error: Pick<AuthdError, 'code' | 'message' | 'details' | 'retryAfter'> }

/** Another request has claimed the answer. The unit that finds it is undone. */
class Claimed extends Error {}

/** Refusals of the caller. Nothing was tried, so there is nothing to repeat. */
const NOTHING_TRIED = new Set<ErrorCode>(['UNAUTHORIZED', 'FORBIDDEN', 'STEP_UP_REQUIRED', 'ENROLMENT_REQUIRED'])

/** Any holder of the one-time id. */
const ANYBODY = '*'
/** A holder of the one-time id without any credential, because the answer has taken it away. */
const EMPTY_HANDED = '-'

/**
 * Does the work of a request once: a repetition gets the answer of the first request, and waits for it if need be. The
 * claim is part of the first unit of work, so that it exists if and only if that unit was committed. Work that writes
 * nothing may be done twice. Throws IDEMPOTENCY_KEY_REUSED for another body, REQUEST_IN_PROGRESS for a key whose first
 * request is under way.
 */
export async function answerOnce<Answer>(
  deps: Deps,
  asked: Repeatable | undefined,
  work: (deps: Deps) => Promise<Answer>,
  describe: (answer: Answer) => Described,
  rounds = ROUNDS,
): Promise<Answered<Answer>> {
  if (!asked) return { answer: await work(deps), isRepeated: false }
  const id = idOf(deps, asked)
  const first = await findFirst<Answer>(deps, id, asked)
  if (first) return first
  const claim = claiming(deps, id, asked)
  const outcome = await outcomeOf(() => work(claim.deps))
  if (claim.isHeld()) {
    await finish(deps, { id, asked, createdAt: claim.createdAt }, outcome, describe)
    return show(outcome, false)
  }
  // It may have read what the first request had just changed.
  const other = await findFirst<Answer>(deps, id, asked)
  if (other) return other
  if (!('thrown' in outcome && outcome.thrown instanceof Claimed)) return show(outcome, false)
  // The first request has come to nothing.
  return await answerOnce(deps, rounds > 1 ? asked : undefined, work, describe, rounds - 1)
}

function idOf({ keys }: Pick<Deps, 'keys'>, { kind, route, once, bodyDigest }: Repeatable): string {
  // The same key with another body is an error. The same form with another body is another request.
  return keys.mac('answer', [kind, route, once, kind === 'key' ? '' : bodyDigest].join('\n'))
}

/** The answer of the first request, if this is a repetition. Waits for it for at most five seconds. */
async function findFirst<Answer>(deps: Deps, id: string, asked: Repeatable): Promise<Answered<Answer> | undefined> {
  for (let look = 0; look < LOOKS; look += 1) {
    const found = await deps.db.read((sql) => findAnswer(sql, id))
    if (!found || !isInForce(deps.clock.now(), found.createdAt, found.expiresAt) || !isHolder(found, asked)) return
    if (asked.kind === 'key' && found.bodyDigest !== asked.bodyDigest) throw new AuthdError('IDEMPOTENCY_KEY_REUSED')
    if (found.sealed !== null) {
      const outcome = JSON.parse(deps.keys.open(sealContext(id), found.sealed)) as Outcome<Answer>
      if ('answer' in outcome) return { answer: outcome.answer, isRepeated: true }
      throw new AuthdError(outcome.error.code, definedOf(outcome.error))
    }
    if (asked.kind === 'key') throw new AuthdError('REQUEST_IN_PROGRESS', { retryAfter: 1 })
    await pause(LOOK_EVERY_MS)
  }
  throw new AuthdError('UNAVAILABLE', { retryAfter: 1 })
}

function isHolder({ holders }: StoredAnswer, { shows }: Repeatable): boolean {
  if (holders.includes(ANYBODY) || (shows.length === 0 && holders.includes(EMPTY_HANDED))) return true
  return shows.some((text) => holders.includes(digest(text)))
}

/**
 * Dependencies whose first unit of work claims the answer: before it does anything else, so that another one waits. A
 * proof is claimed only once it was right, because it is spent once anyway, and many wrong ones may not wait for each other.
 */
function claiming(deps: Deps, id: string, { kind, bodyDigest, shows }: Repeatable) {
  const createdAt = deps.clock.now()
  const holders = firstHolders({ shows })
  const row = { id, bodyDigest, holders, sealed: null, createdAt, expiresAt: createdAt + CLAIM_MS }
  let isHeld = false
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
      if (kind !== 'proof' && isNothing) await deleteAnswer(trx, id)
      return { result, isNothing }
    })
    isHeld = !done.isNothing
    return done.result
  }
  return { deps: { ...deps, db: { ...deps.db, write } }, createdAt, isHeld: () => isHeld }
}

function firstHolders({ shows }: Pick<Repeatable, 'shows'>): string[] {
  return shows.length === 0 ? [ANYBODY] : shows.map(digest)
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
  { id, asked, createdAt }: { id: string; asked: Repeatable; createdAt: number },
  done: Done<Answer>,
  describe: (answer: Answer) => Described,
): Promise<void> {
  const kept = keptOf(asked, done, describe)
  try {
    if (!kept) return await deps.db.write((trx) => deleteAnswer(trx, id))
    const sealed = deps.keys.seal(sealContext(id), JSON.stringify(kept.outcome))
    const holders = [...firstHolders(asked), ...kept.heirs]
    const expiresAt = deps.clock.now() + (asked.kind === 'key' ? KEYED_MS : REPEATABLE_MS)
    await deps.db.write((trx) => keepAnswer(trx, { id, createdAt, holders, sealed, expiresAt }))
  } catch (error) {
    // The work is done, and this request gets its answer.
    deps.log.warn('an answer could not be kept for a repetition', { error })
  }
}

function keptOf<Answer>(
  { kind }: Repeatable,
  done: Done<Answer>,
  describe: (answer: Answer) => Described,
): { outcome: Outcome<Answer>; heirs: string[] } | undefined {
  if ('answer' in done) {
    const { isFailure, gives, isEnding } = describe(done.answer)
    const heirs = [...gives.map(digest), ...(isEnding ? [EMPTY_HANDED] : [])]
    return kind === 'proof' && isFailure ? undefined : { outcome: done, heirs }
  }
  const { thrown } = done
  const isKept =
    kind !== 'proof' && thrown instanceof AuthdError && thrown.status < 500 && !NOTHING_TRIED.has(thrown.code)
  if (!isKept) return undefined
  const { code, message, details, retryAfter } = thrown
  return { outcome: { error: { code, message, details, retryAfter } }, heirs: [] }
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
