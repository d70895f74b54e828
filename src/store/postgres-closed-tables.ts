import { COPIED_TABLES } from './copied-tables.ts'
import type { Trx } from './db.ts'

/** No code of PostgreSQL. postgres-failures.ts names it. */
export const CLOSED_STATE = 'AU001'

/**
 * Makes PostgreSQL refuse every write to the data of authd, also by processes that have the database open already. Waits
 * for units of work that have written. An SQLite file is held by one process instead, so nothing is done there.
 */
export async function refuseWrites(trx: Trx): Promise<void> {
  if (trx.dialect !== 'postgres') return
  await trx.run(
    `CREATE OR REPLACE FUNCTION authd_closed() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN RAISE EXCEPTION ''closed by authd db copy'' USING ERRCODE = ''${CLOSED_STATE}''; END'`,
  )
  for (const { name } of COPIED_TABLES) {
    await trx.run(
      `CREATE TRIGGER authd_closed BEFORE INSERT OR UPDATE OR DELETE ON ${name}
       FOR EACH STATEMENT EXECUTE FUNCTION authd_closed()`,
    )
  }
}

/** Undoes refuseWrites, if need be. */
export async function acceptWrites(trx: Trx): Promise<void> {
  if (trx.dialect === 'postgres') await trx.run('DROP FUNCTION IF EXISTS authd_closed() CASCADE')
}
