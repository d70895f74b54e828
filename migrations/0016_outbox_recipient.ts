import type { Knex } from 'knex'

/** The mails to one address are looked up, and erased with its user. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw("CREATE INDEX outbox_recipient ON outbox (recipient, id) WHERE kind = 'mail'")
}
