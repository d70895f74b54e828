import type { Knex } from 'knex'

/** When the session that changed the address was signed in. Factors that were enrolled since may be a thief's. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('email_changes', (table) => {
    table.bigInteger('session_began_at')
  })
}
