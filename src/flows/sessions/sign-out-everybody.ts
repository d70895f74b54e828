import type { Deps } from '../../deps.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import type { Trx } from '../../store/db.ts'
import { revokeOvertaken } from '../../store/sessions.ts'
import { deleteSystemConfigIf, findSystemConfig, setSystemConfig } from '../../store/system-config.ts'
import { type Actor, SYSTEM } from '../record-event.ts'
import { type EndedSession, recordEnds } from './end-session.ts'

/** The sessions that have ended, while their rows do not say so yet. */
const ENTRY = 'signed_out'

/** Sessions per unit, so that no unit holds the writer for long. */
const BATCH = 100

export interface SignedOut {
  /** Sessions of an earlier epoch have ended. */
  epoch: number
  reason: 'lockdown' | 'revoked_by_operator'
}

type Recording = Pick<Deps, 'clock' | 'db' | 'metrics' | 'random'>

/** Ends the sessions of all users with this unit, whatever their number. The rows follow: recordSignedOut. */
export async function signOutEverybodyIn(
  deps: Pick<Deps, 'clock'>,
  trx: Trx,
  actor: Actor,
  reason: SignedOut['reason'],
): Promise<SignedOut> {
  const signedOut = { epoch: await bumpEpoch(trx, 'sessions'), reason }
  await setSystemConfig(trx, { key: ENTRY, value: entryOf(signedOut), now: deps.clock.now(), by: actor.id })
  return signedOut
}

/** Marks and audits the sessions that ended with signOutEverybodyIn, in small units. Returns those of this call. */
export async function recordSignedOut(deps: Recording, actor: Actor, signedOut: SignedOut): Promise<EndedSession[]> {
  const { epoch, reason } = signedOut
  const all: EndedSession[] = []
  for (let batch: EndedSession[] | undefined; batch === undefined || batch.length === BATCH; ) {
    const span = { epoch, after: batch?.at(-1)?.id ?? '', limit: BATCH, now: deps.clock.now(), by: actor.id, reason }
    batch = await deps.db.write(async (trx) => {
      const ended = await revokeOvertaken(trx, span)
      await recordEnds(deps, trx, actor, ended, reason)
      return ended
    })
    all.push(...batch)
  }
  // Everybody may have been signed out again meanwhile, and that entry is not ours to end.
  await deps.db.write((trx) => deleteSystemConfigIf(trx, ENTRY, entryOf(signedOut)))
  return all
}

function entryOf({ epoch, reason }: SignedOut): string {
  return JSON.stringify({ epoch, reason })
}

/** Goes on where the process that signed everybody out has died. */
export async function finishSigningOut(deps: Recording): Promise<void> {
  const text = await deps.db.read((sql) => findSystemConfig(sql, ENTRY))
  if (text !== undefined) await recordSignedOut(deps, SYSTEM, JSON.parse(text) as SignedOut)
}
