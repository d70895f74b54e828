import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('change_epochs', (table) => {
    table.text('topic').notNullable().primary()
    table.bigInteger('epoch').notNullable()
  })
  await knex.schema.createTable('leases', (table) => {
    table.text('name').notNullable().primary()
    table.text('holder').notNullable()
    table.bigInteger('expires_at').notNullable()
  })
  await knex.schema.createTable('system_config', (table) => {
    table.text('key').notNullable().primary()
    table.text('value').notNullable()
    table.bigInteger('updated_at').notNullable()
    table.text('updated_by').notNullable()
  })
}
