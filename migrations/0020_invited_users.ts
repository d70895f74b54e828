import type { Knex } from 'knex'

/** A lockdown finds those with an invitation among all users. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    'CREATE INDEX users_invited ON users (id) WHERE invited_until IS NOT NULL AND email_verified_at IS NULL',
  )
}
