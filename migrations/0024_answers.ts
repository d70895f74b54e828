import type { Knex } from 'knex'

/** Answers that a repeated request gets again, for seconds or minutes. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('answers', (table) => {
    table.text('id').notNullable().primary()
    table.text('body_digest').notNullable()
    table.text('holders').notNullable()
    table.text('sealed').nullable()
    table.bigInteger('created_at').notNullable()
    table.bigInteger('expires_at').notNullable().index('answers_expires_at')
  })
}
