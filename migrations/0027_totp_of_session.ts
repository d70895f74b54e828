import type { Knex } from 'knex'

/** Which session began an authenticator app. Secrets that wait for their first code belong to none, so they end. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('totp_secrets', (table) => {
    table.text('pending_session_id').nullable()
  })
}
