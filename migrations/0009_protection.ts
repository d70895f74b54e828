import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('rate_limits', (table) => {
    table.text('policy').notNullable()
    table.text('subject').notNullable()
    table.bigInteger('used').notNullable()
    table.bigInteger('window_ends_at').notNullable()
    table.primary(['policy', 'subject'])
    table.index(['window_ends_at'], 'rate_limits_window_ends_at')
  })
  await knex.schema.createTable('ip_filters', (table) => {
    table.text('id').notNullable().primary()
    table.text('cidr').notNullable()
    table.text('action').notNullable()
    table.text('scope').notNullable()
    table.text('reason').notNullable()
    table.bigInteger('created_at').notNullable()
    table.text('created_by').notNullable()
    table.bigInteger('expires_at')
    table.unique(['cidr', 'action', 'scope'], { indexName: 'ip_filters_cidr' })
    table.index(['expires_at'], 'ip_filters_expires_at')
  })
}
