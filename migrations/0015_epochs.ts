import type { Knex } from 'knex'

/** What was begun before everybody was signed out has a lower epoch than the row of `change_epochs`. */
export async function up(knex: Knex): Promise<void> {
  for (const name of ['sessions', 'signin_attempts']) {
    await knex.schema.alterTable(name, (table) => {
      table.bigInteger('epoch').notNullable().defaultTo(0)
    })
  }
}
