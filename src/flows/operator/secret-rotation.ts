import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Keys } from '../../platform/derived-keys.ts'
import {
  listSealed,
  replaceSealed,
  SEALED_PLACES,
  type SealedPlace,
  type SealedValue,
} from '../../store/sealed-values.ts'
import { deleteSystemConfigIf, findSystemConfig, lockSystemConfig, setSystemConfig } from '../../store/system-config.ts'
import { decide } from '../decide.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import {
  openCarried,
  otherSecret,
  SECRET_CARRIED,
  SECRET_CHECK,
  SECRET_ROTATION,
  sealCarried,
} from '../server-secret.ts'

/** Rows of one unit. */
const BATCH = 200

/** What a rotation needs of the outside world: it runs alone, before anything else could be built with a secret. */
export type RotationDeps = Pick<Deps, 'db' | 'clock' | 'random' | 'metrics'>

/** The keys of the secret from before, and of the new one. */
export interface Rotating {
  from: Keys
  to: Keys
}

/** `done`: an earlier run has sealed everything, and only the file was left. */
export type Beginning = 'begun' | 'resumed' | 'done'

/**
 * Closes the database to every process that begins from now on, until the rotation is finished. Throws SECRET_MISMATCH if
 * the database belongs to neither secret, or is on its way to a third one.
 */
export async function beginRotation(deps: RotationDeps, { from, to }: Rotating): Promise<Beginning> {
  const target = to.checkValue()
  return await decide<Beginning>(deps, async (trx) => {
    const held = await lockSystemConfig(trx, SECRET_CHECK)
    const under = await findSystemConfig(trx, SECRET_ROTATION)
    if (held === target) return 'done'
    if (held !== from.checkValue()) return otherSecret()
    if (under === target) return 'resumed'
    if (under !== undefined) {
      return new AuthdError('SECRET_MISMATCH', {
        message: 'An earlier rotation began with another new secret. Put the file of that secret back.',
      })
    }
    await setSystemConfig(trx, { key: SECRET_ROTATION, value: target, now: deps.clock.now(), by: 'system' })
    return 'begun'
  })
}

/** Opens the database again, for a rotation that has not sealed anything yet. */
export async function cancelRotation({ db }: Pick<Deps, 'db'>, { to }: Rotating): Promise<void> {
  await db.write((trx) => deleteSystemConfigIf(trx, SECRET_ROTATION, to.checkValue()))
}

export interface Resealed {
  /** Values that the new secret opens now. */
  values: number
  /** `table id` of values that neither secret opens. They stay as they are. */
  unreadable: string[]
}

/**
 * Seals every value with the new secret, in small units. What is sealed with it already is left alone, so this can be
 * interrupted anywhere and done again. `isDry`: only looks whether every value can be opened.
 */
export async function resealAll(
  deps: Pick<Deps, 'db'>,
  rotating: Rotating,
  { isDry, onProgress }: { isDry: boolean; onProgress?(values: number): void },
): Promise<Resealed> {
  const done: Resealed = { values: 0, unreadable: [] }
  for (const place of SEALED_PLACES) {
    for (let after = ''; ; ) {
      const rows = await deps.db.read((sql) => listSealed(sql, place, { after, limit: BATCH }))
      const changes = rows.flatMap((row) => changeOf(rotating, place, row, done))
      if (!isDry && changes.length > 0) {
        await deps.db.write(async (trx) => {
          for (const change of changes) await replaceSealed(trx, place, change)
        })
      }
      onProgress?.(done.values)
      const last = rows.at(-1)
      if (last === undefined || rows.length < BATCH) break
      after = last.id
    }
  }
  return done
}

function changeOf(
  { from, to }: Rotating,
  { table, column, sealedAs = column }: SealedPlace,
  { id, sealed }: SealedValue,
  done: Resealed,
): { id: string; before: string; after: string }[] {
  if (sealed === null) return []
  const context = { table, column: sealedAs, rowId: id }
  const opened = [to, from].map((keys) => openWith(keys, context, sealed))
  if (opened.every((text) => text === undefined)) {
    done.unreadable.push(`${table} ${id}`)
    return []
  }
  done.values += 1
  const [isDone, text] = opened
  return isDone !== undefined || text === undefined ? [] : [{ id, before: sealed, after: to.seal(context, text) }]
}

function openWith(keys: Keys, context: Parameters<Keys['open']>[0], sealed: string): string | undefined {
  try {
    return keys.open(context, sealed)
  } catch {
    // Sealed with the other secret.
    return undefined
  }
}

/** The database belongs to the new secret. What browsers and mails hold of the former one stays valid. */
export async function finishRotation(
  deps: RotationDeps,
  actor: Actor,
  { rotating: { from, to }, values }: { rotating: Rotating; values: number },
): Promise<void> {
  await deps.db.write(async (trx) => {
    const now = deps.clock.now()
    const by = actor.id
    const carried = await findSystemConfig(trx, SECRET_CARRIED)
    if (carried !== undefined) from.carry(openCarried(from, carried))
    await setSystemConfig(trx, { key: SECRET_CHECK, value: to.checkValue(), now, by })
    await setSystemConfig(trx, { key: SECRET_CARRIED, value: sealCarried(to, from.toCarry()), now, by })
    await deleteSystemConfigIf(trx, SECRET_ROTATION, to.checkValue())
    await recordEvent(deps, trx, actor, { type: 'server_secret.rotated', metadata: { values } })
  })
}
