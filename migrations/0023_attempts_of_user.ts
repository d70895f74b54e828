import type { Knex } from 'knex'

/** A deletion finds the attempts of its user, also those that began without an address. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX signin_attempts_user_id ON signin_attempts (user_id) WHERE user_id IS NOT NULL')
}
