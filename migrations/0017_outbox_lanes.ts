import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  // Somebody waits in front of a form for such a mail.
  await knex.raw('ALTER TABLE outbox ADD COLUMN is_awaited INTEGER NOT NULL DEFAULT 0')
  // The node that is sending it, or delivering to it.
  await knex.raw('ALTER TABLE outbox ADD COLUMN owner TEXT')
  await knex.raw('ALTER TABLE webhook_endpoints ADD COLUMN owner TEXT')
  await knex.raw('CREATE INDEX outbox_owner ON outbox (owner) WHERE owner IS NOT NULL')
  await knex.raw(
    "CREATE INDEX outbox_mail_lane ON outbox (is_awaited, due_at, id) WHERE state = 'pending' AND kind = 'mail'",
  )
  // First tries follow the log, and nothing that failed before stands in their way.
  await knex.raw('DROP INDEX outbox_webhook_due')
  await knex.raw(
    "CREATE INDEX outbox_webhook_first ON outbox (recipient, event_seq, id) WHERE state = 'pending' AND kind = 'webhook' AND tries = 0",
  )
  await knex.raw(
    "CREATE INDEX outbox_webhook_again ON outbox (recipient, due_at, id) WHERE state = 'pending' AND kind = 'webhook' AND tries > 0",
  )
}
