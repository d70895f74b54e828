import type { Knex } from 'knex'

/**
 * Since when a user has had a verified address. A user whose address an operator replaced has no verified one now. They
 * had one before if they have signed in.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('users', (table) => {
    table.bigInteger('first_verified_at')
  })
  await knex.raw(`UPDATE users SET first_verified_at = COALESCE(email_verified_at, created_at)
    WHERE email_verified_at IS NOT NULL
       OR (last_seen_at IS NOT NULL AND EXISTS (SELECT 1 FROM email_changes WHERE email_changes.user_id = users.id))`)
}
