import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('users', (table) => {
    table.text('id').notNullable().primary()
    table.text('email').notNullable().unique({ indexName: 'users_email' })
    table.text('email_typed').notNullable()
    table.text('name')
    table.bigInteger('email_verified_at')
    table.bigInteger('created_at').notNullable()
    table.bigInteger('last_seen_at')
    table.bigInteger('disabled_at')
    table.text('disabled_reason')
  })
  await knex.schema.createTable('devices', (table) => {
    table.text('user_id').notNullable().references('id').inTable('users').onDelete('CASCADE')
    table.text('device_digest').notNullable()
    table.bigInteger('created_at').notNullable()
    table.bigInteger('expires_at').notNullable()
    table.primary(['user_id', 'device_digest'], 'devices_pk')
  })
}
