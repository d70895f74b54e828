import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import type { CarriedKeys, Keys } from '../platform/derived-keys.ts'
import type { Db, Sql, Trx } from '../store/db.ts'
import { findSystemConfig, insertSystemConfig, lockSystemConfig } from '../store/system-config.ts'
import { copyRefusal } from './copy-marks.ts'

/** The entry that ties a database to its server secret. */
export const SECRET_CHECK = 'secret_check'
/** The check value of the secret that a rotation leads to. Only while one is under way. */
export const SECRET_ROTATION = 'secret_rotation'
/** Keys of earlier secrets, sealed. */
export const SECRET_CARRIED = 'secret_carried'

const CARRIED_CONTEXT = { table: 'system_config', column: 'value', rowId: SECRET_CARRIED }

export function sealCarried(keys: Keys, carried: CarriedKeys): string {
  return keys.seal(CARRIED_CONTEXT, JSON.stringify(carried))
}

export function openCarried(keys: Keys, sealed: string): CarriedKeys {
  return JSON.parse(keys.open(CARRIED_CONTEXT, sealed)) as CarriedKeys
}

/**
 * Says whether a server secret was used with this database. If so, a missing secret file must not be replaced by a new
 * one.
 */
export async function hasServerSecret(db: Db): Promise<boolean> {
  return (await db.read((sql) => findSystemConfig(sql, SECRET_CHECK))) !== undefined
}

/**
 * Ties the database to this server secret. The first process wins. Throws SECRET_MISMATCH for another secret, and while a
 * rotation is not finished; CONFIG_INVALID for a database that a copy has closed, and for a copy that is not finished.
 */
export async function claimServerSecret(
  deps: Pick<Deps, 'db' | 'clock'> & { keys: Keys },
  options: { mayBeRestoring?: boolean | undefined } = {},
): Promise<void> {
  const value = deps.keys.checkValue()
  const known = await deps.db.read(async (sql) => ({
    stored: await findSystemConfig(sql, SECRET_CHECK),
    rotatingTo: await findSystemConfig(sql, SECRET_ROTATION),
    carried: await findSystemConfig(sql, SECRET_CARRIED),
    copyRefusal: await copyRefusal(sql, options),
  }))
  if (known.copyRefusal !== undefined) throw known.copyRefusal
  if (known.rotatingTo !== undefined) throw rotationUnfinished()
  if (known.stored === value) {
    if (known.carried !== undefined) deps.keys.carry(openCarried(deps.keys, known.carried))
    return
  }
  if (known.stored === undefined) {
    const entry = {
      key: SECRET_CHECK,
      value,
      now: deps.clock.now(),
      by: 'system',
    }
    const winner = await deps.db.write(async (trx) => {
      await insertSystemConfig(trx, entry)
      return await findSystemConfig(trx, SECRET_CHECK)
    })
    if (winner === value) return
  }
  throw otherSecret()
}

/**
 * Why no daemon with these keys may begin or go on: a rotation or the last step of a copy is under way, or has ended. Neither
 * it nor this unit can begin before the other has ended.
 */
export async function closingOf({ keys }: { keys: Keys }, trx: Trx): Promise<AuthdError | undefined> {
  return await refusalOf(keys, trx, await lockSystemConfig(trx, SECRET_CHECK))
}

/**
 * For a command, which announces itself to nobody: each of its units of work fails once the database is closed to it. It
 * locks nothing, because units lock users first.
 */
export function closable(db: Db, keys: Keys): Db {
  const write = <Result>(unit: (trx: Trx) => Promise<Result>) =>
    db.write(async (trx) => {
      const refusal = await refusalOf(keys, trx, await findSystemConfig(trx, SECRET_CHECK))
      if (refusal !== undefined) throw refusal
      return await unit(trx)
    })
  return { ...db, write }
}

async function refusalOf(keys: Keys, sql: Sql, stored: string | undefined): Promise<AuthdError | undefined> {
  if (stored === undefined) return undefined
  if ((await findSystemConfig(sql, SECRET_ROTATION)) !== undefined) return rotationUnfinished()
  return (await copyRefusal(sql)) ?? (stored === keys.checkValue() ? undefined : otherSecret())
}

export function otherSecret(): AuthdError {
  return new AuthdError('SECRET_MISMATCH', {
    message:
      'The database belongs to another server secret. This one cannot open its sealed keys, tokens and queued mails.',
    suggestions: [
      'authd config show --section secret',
      'put the original secret file back',
      'authd secrets rotate, if a rotation was interrupted',
    ],
  })
}

function rotationUnfinished(): AuthdError {
  return new AuthdError('SECRET_MISMATCH', {
    message: 'A rotation of the server secret is not finished. Parts of the database need the new secret.',
    suggestions: ['authd secrets rotate'],
  })
}
