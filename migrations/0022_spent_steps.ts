import type { Knex } from 'knex'

/** Each spent step of an authenticator app. Those around the last one, which were kept nowhere, count as spent. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw("ALTER TABLE totp_secrets ADD COLUMN spent_steps text NOT NULL DEFAULT '[]'")
  await knex.raw(
    `UPDATE totp_secrets SET spent_steps =
       '[' || CAST(last_step - 2 AS text) || ',' || CAST(last_step - 1 AS text) || ',' || CAST(last_step AS text) || ']'
     WHERE last_step > 2`,
  )
  await knex.raw('ALTER TABLE totp_secrets DROP COLUMN last_step')
}
