import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('audit_logs', (table) => {
    table.text('id').notNullable().primary()
    table.bigInteger('seq').unique({ indexName: 'audit_logs_seq' })
    table.bigInteger('occurred_at').notNullable()
    table.text('event_type').notNullable()
    table.text('outcome').notNullable()
    table.text('user_id')
    table.text('email')
    table.text('ip')
    table.text('user_agent')
    table.text('session_id')
    table.text('request_id')
    table.text('actor').notNullable()
    table.text('metadata').notNullable()
    table.index(['user_id'], 'audit_logs_user_id')
  })
  await knex.raw('CREATE INDEX audit_logs_unsealed ON audit_logs (id) WHERE seq IS NULL')
  await knex.schema.createTable('audit_head', (table) => {
    table.integer('id').notNullable().primary()
    table.bigInteger('seq').notNullable()
  })
  await knex('audit_head').insert({ id: 1, seq: 0 })
}
