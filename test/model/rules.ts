/**
 * A second, small implementation of what authd promises, for the random walks. It was written from the documentation,
 * and shares no code with src.
 */
export type Proof = 'email' | 'recovery_link' | 'otp' | 'recovery_code' | 'passkey'
export type Due = 'nothing' | 'factor' | 'enrolment'
export type Policy = 'optional' | 'required'
export type SignUp = 'open' | 'domains' | 'invite' | 'closed'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const FIRST: readonly Proof[] = ['email', 'recovery_link']
const OTHER: readonly Proof[] = ['otp', 'recovery_code']

export interface Person {
  id: string
  address: number
  isVerified: boolean
  /** An address of this person was proven at some time. */
  wasVerified: boolean
  isDisabled: boolean
  policy: Policy | null
  /** Until when an invitation lets this person sign in, who has never proven an address. */
  invitedUntil: number | null
  /** When it was set up. */
  passkey: { since: number } | undefined
  totp: { since: number; spent: Set<number> } | undefined
  /** Unused recovery codes. */
  codes: number
  codesSince: number
}

export interface Attempt {
  address: number | undefined
  /** Set by the first proof. */
  person: Person | undefined
  proofs: Set<Proof>
  begunAt: number
  mailedAt: number | undefined
  endsAt: number
  /** What was mailed last can still be used. */
  isSpent: boolean
  tries: number
  isOver: boolean
}

export interface Session {
  person: Person
  proofs: Set<Proof>
  begunAt: number
  provenAt: number
  /** Another one after each step-up and change. Undefined if there was none, or if a proof is gone since. */
  mark: number | undefined
  lastSeenAt: number
  idleEndsAt: number
  endsAt: number
  isOver: boolean
}

/** A time that only a wrong clock can have given. */
export const isAhead = (at: number, now: number): boolean => at > now + 30 * SECOND

/** It happened in this span of time. What a wrong clock dated did not. */
const isWithin = (at: number, now: number, spanMs: number): boolean => !isAhead(at, now) && now - at <= spanMs

export const hasFactor = ({ passkey, totp }: Person): boolean => passkey !== undefined || totp !== undefined

/** 2: a passkey, or one proof of each class. An app's code that came first still is the app's. 0: no proof is left. */
export function levelOf(proofs: ReadonlySet<Proof>): 0 | 1 | 2 {
  if (proofs.size === 0) return 0
  if (proofs.has('passkey')) return 2
  return FIRST.some((proof) => proofs.has(proof)) && OTHER.some((proof) => proofs.has(proof)) ? 2 : 1
}

/** What must still be proven or set up before these proofs make a session that counts. */
export function dueAfter(proofs: ReadonlySet<Proof>, person: Person, policy: Policy): Due {
  if (levelOf(proofs) === 2) return 'nothing'
  const isOptional = (person.policy ?? policy) === 'optional'
  if (!hasFactor(person)) return isOptional ? 'nothing' : 'enrolment'
  // Where the app may come first, its code is the factor that the person has.
  return isOptional && proofs.has('otp') ? 'nothing' : 'factor'
}

/** What the policy that holds now asks of a session. */
export function dueOf(session: Session, policy: Policy): Due {
  if (session.proofs.size === 0) return 'factor'
  if (levelOf(session.proofs) === 2 || (session.person.policy ?? policy) === 'optional') return 'nothing'
  return hasFactor(session.person) ? 'factor' : 'enrolment'
}

export function isLive(session: Session, now: number): boolean {
  const isNobodys = session.proofs.size === 0 && hasFactor(session.person)
  return !session.isOver && !isNobodys && !session.person.isDisabled && now < session.idleEndsAt && now < session.endsAt
}

/** What a token says of its session. */
export type Claims = Pick<Session, 'proofs' | 'provenAt' | 'mark'>

/** A session as far as a token goes: no more than both prove, and as fresh as the older of the two. */
export function asShown(session: Session, token: Claims): Session {
  const proofs = new Set([...session.proofs].filter((proof) => token.proofs.has(proof)))
  return { ...session, proofs, provenAt: Math.min(session.provenAt, token.provenAt) }
}

/** Its holder may change the account: a proof of the highest level in the last five minutes. */
export function isFresh(session: Session, now: number): boolean {
  const needed = hasFactor(session.person) ? 2 : 1
  return levelOf(session.proofs) >= needed && isWithin(session.provenAt, now, 5 * MINUTE)
}

export const isOpen = (attempt: Attempt, now: number): boolean =>
  !attempt.isOver && now < attempt.endsAt && !isAhead(attempt.begunAt, now)
