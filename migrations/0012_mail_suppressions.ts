import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('mail_suppressions', (table) => {
    table.text('address').notNullable().primary()
    table.bigInteger('refusals').notNullable()
    table.bigInteger('last_refused_at').notNullable()
    table.text('response').notNullable()
    table.bigInteger('suppressed_until')
    table.index(['last_refused_at'], 'mail_suppressions_last_refused_at')
  })
}
