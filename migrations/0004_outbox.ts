import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('outbox', (table) => {
    table.text('id').notNullable().primary()
    table.text('kind').notNullable()
    table.text('state').notNullable()
    table.integer('is_decoy').notNullable()
    table.text('recipient').notNullable()
    table.text('template').notNullable()
    table.text('lang').notNullable()
    table.text('body_sealed')
    table.text('attempt_id')
    table.bigInteger('created_at').notNullable()
    table.bigInteger('due_at').notNullable()
    table.bigInteger('expires_at').notNullable()
    table.integer('tries').notNullable().defaultTo(0)
    table.bigInteger('finished_at')
    table.text('last_error')
  })
  // Rows leave both indexes when they are done, so that the dispatcher's look stays cheap.
  await knex.raw("CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'pending'")
  await knex.raw("CREATE INDEX outbox_attempt ON outbox (attempt_id) WHERE state = 'pending'")
  await knex.schema.createTable('outbox_tries', (table) => {
    table.text('outbox_id').notNullable().references('id').inTable('outbox').onDelete('CASCADE')
    table.integer('number').notNullable()
    table.bigInteger('started_at').notNullable()
    table.bigInteger('ended_at')
    table.text('outcome')
    table.text('response')
    table.primary(['outbox_id', 'number'], 'outbox_tries_pk')
  })
}
