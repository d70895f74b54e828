import type { Knex } from 'knex'

/** An import finds who has a user handle. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX users_webauthn_user_id ON users (webauthn_user_id) WHERE webauthn_user_id IS NOT NULL')
}
