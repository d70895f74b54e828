import type { Knex } from 'knex'

/**
 * Metadata that is personal gets a column of its own. Rows from before have none: all their metadata counts as personal,
 * and is erased with the user.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('audit_logs', (table) => {
    table.text('personal')
    table.dropIndex(['user_id'], 'audit_logs_user_id')
    table.index(['user_id', 'id'], 'audit_logs_user_id')
  })
  // Events about an address that had no user yet.
  await knex.raw('CREATE INDEX audit_logs_email ON audit_logs (email, id) WHERE user_id IS NULL AND email IS NOT NULL')
  await knex.schema.createTable('audit_erasures', (table) => {
    table.text('kind').notNullable()
    table.text('subject').notNullable()
    table.text('after_id').notNullable()
    table.primary(['kind', 'subject'])
  })
}
