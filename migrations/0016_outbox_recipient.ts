import type { Knex } from 'knex'

/** The mails to one address are looked up, and erased with its user: those that wait, once they are over. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE outbox ADD COLUMN is_erased INTEGER NOT NULL DEFAULT 0')
  await knex.raw("CREATE INDEX outbox_recipient ON outbox (recipient, id) WHERE kind = 'mail'")
}
