import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('users', (table) => {
    table.bigInteger('invited_until')
  })
  await knex.schema.createTable('email_changes', (table) => {
    table.text('id').notNullable().primary()
    table.text('user_id').notNullable().references('id').inTable('users').onDelete('CASCADE')
    table.text('old_email').notNullable()
    table.text('old_email_typed').notNullable()
    table.text('new_email').notNullable()
    table.text('restore_digest').notNullable()
    table.bigInteger('changed_at').notNullable()
    table.bigInteger('restorable_until').notNullable()
    table.bigInteger('restored_at')
    table.index(['user_id'], 'email_changes_user_id')
  })
  await knex.schema.createTable('invitations', (table) => {
    table.text('id').notNullable().primary()
    table.text('user_id').notNullable().references('id').inTable('users').onDelete('CASCADE')
    table.text('secret_digest').notNullable()
    table.text('lang').notNullable()
    table.bigInteger('created_at').notNullable()
    table.text('created_by').notNullable()
    table.bigInteger('expires_at').notNullable()
    table.index(['user_id'], 'invitations_user_id')
  })
  await knex.schema.createTable('recovery_links', (table) => {
    table.text('id').notNullable().primary()
    table.text('user_id').notNullable().references('id').inTable('users').onDelete('CASCADE')
    table.text('secret_digest').notNullable()
    table.text('removes').notNullable()
    table.bigInteger('created_at').notNullable()
    table.text('created_by').notNullable()
    table.bigInteger('expires_at').notNullable()
    table.bigInteger('used_at')
    table.index(['user_id'], 'recovery_links_user_id')
  })
}
