import type { Knex } from 'knex'

/** What was counted for one subject, and those with an invitation, are found without reading the whole table. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX failed_attempts_subject ON failed_attempts (subject)')
  await knex.raw('CREATE INDEX rate_limits_subject ON rate_limits (subject)')
  await knex.raw('DROP INDEX users_invited')
  await knex.raw(
    `CREATE INDEX users_invited ON users (invited_until, id)
     WHERE invited_until IS NOT NULL AND email_verified_at IS NULL`,
  )
}
