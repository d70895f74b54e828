import type { Knex } from 'knex'

/** Who may have an answer again, and the session that it belongs to. Answers last for minutes, so none is moved. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.dropTable('answers')
  await knex.schema.createTable('answers', (table) => {
    table.text('id').notNullable().primary()
    table.text('body_digest').notNullable()
    table.text('holder').notNullable()
    table.text('session_id').nullable().index('answers_session_id')
    table.text('sealed').nullable()
    table.bigInteger('created_at').notNullable()
    table.bigInteger('expires_at').notNullable().index('answers_expires_at')
  })
}
