import type { Knex } from 'knex'

/** When the newest refresh token of a session was first used. Until then, the one before it is still good. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('sessions', (table) => {
    table.bigInteger('generation_used_at')
  })
}
